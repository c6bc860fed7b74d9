/* Answers that are never right: a fuzzer guesses a million times, and one code in a million is right. */
#ifndef SFMFA_TEST_FUZZ_ANSWERS_H
#define SFMFA_TEST_FUZZ_ANSWERS_H

#include "auth/conversation.h"
#include "base/secret.h"

/* Whether the answer, or its end, is a code of this app around now. */
bool
answers_are_right(const struct secret *shared_secret, int64_t now, const struct secret *answer);

/* The shared secret of the key URI in a text that is shown; false: there is none. */
bool
answers_find_shown(const char *info, struct secret *ret_shared_secret);

/* Spoils an answer that would be right. shared: count of them. */
void
answers_spoil(const struct secret shared[], size_t count, int64_t now, struct secret *answer);

#endif
