/*
 * One file a target: what a foreign byte string may never bring about. clang links a target with libFuzzer
 * (tests/fuzz/run.sh); every compiler links it with replay.c, which runs each kept seed once.
 */
#ifndef SFMFA_TEST_FUZZ_H
#define SFMFA_TEST_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A property. What does not hold ends the process, and libFuzzer keeps the input. */
#define HOLDS(property)                                                                          \
	do {                                                                                     \
		if (!(property)) {                                                               \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property); \
			abort();                                                                 \
		}                                                                                \
	} while (0)

/* The input, taken from its front. */
struct input_bytes {
	const uint8_t *at;
	size_t left;
};

/* 0 at the end. */
static inline unsigned
take_byte(struct input_bytes *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

/* Up to the next newline, which is taken too, or the end; cut to size - 1 bytes, and to the first NUL by its readers. */
static inline size_t
take_line(struct input_bytes *input, char *line, size_t size)
{
	const uint8_t *newline = input->left > 0 ? memchr(input->at, '\n', input->left) : NULL;
	size_t length = newline != NULL ? (size_t)(newline - input->at) : input->left;
	size_t kept = length < size ? length : size - 1;

	if (kept > 0)
		memcpy(line, input->at, kept);
	line[kept] = '\0';
	length += newline != NULL ? 1 : 0;
	if (length > 0)
		input->at += length;
	input->left -= length;
	return kept;
}

#endif
