/* Datagrams of the socket: what is taken is taken whole, and means the same whoever reads it. */
#include "fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include "wire/message.h"

static void
check_readers(const struct fields *fields, const struct field *field)
{
	char key[FIELD_KEY_MAX + 1] = "", text[64];
	int64_t number;
	struct secret secret = { 0 };

	memcpy(key, field->key, field->key_size);
	HOLDS(fields_has(fields, key) && field_is(field, key));
	if (fields_get_text(fields, key, text, sizeof(text)) == SFMFA_OK)
		HOLDS(strlen(text) == field->value_size && memcmp(text, field->value, field->value_size) == 0);
	if (fields_get_number(fields, key, -5, 500, &number) == SFMFA_OK)
		HOLDS(number >= -5 && number <= 500);
	if (fields_get_secret(fields, key, &secret) == SFMFA_OK)
		HOLDS(secret.size == field->value_size && memchr(secret.bytes, 0, secret.size) == NULL);
	secret_clear(&secret);
}

/* Each field read and added to another list: the same bytes again. */
static void
check_encoding(const struct fields *fields, const uint8_t *body, size_t size)
{
	FIELDS_AUTO again = { 0 };
	struct field field;
	size_t at = 0, count = 0;

	HOLDS(fields->size == size && (size == 0 || memcmp(fields->bytes, body, size) == 0));
	while (fields_next(fields, &at, &field)) {
		char key[FIELD_KEY_MAX + 1] = "";

		memcpy(key, field.key, field.key_size);
		HOLDS(fields_add(&again, key, field.value, field.value_size) == SFMFA_OK);
		/* A reader of one field looks at all of them. */
		if (count++ < 64)
			check_readers(fields, &field);
	}
	HOLDS(at == size);
	HOLDS(again.size == size && (size == 0 || memcmp(again.bytes, body, size) == 0));
}

/* Through a socket the verdict is that of the decoder. */
static void
check_received(const uint8_t *bytes, size_t size, enum sfmfa_err decoded, const struct fields *fields)
{
	FIELDS_AUTO received = { 0 };
	int ends[2];
	enum sfmfa_err err;

	HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	HOLDS(send(ends[0], bytes, size, MSG_NOSIGNAL) == (ssize_t)size);
	err = message_receive(ends[1], &received);
	HOLDS(err == decoded || (size == 0 && err == SFMFA_ERR_CLOSED));
	if (err == SFMFA_OK)
		HOLDS(received.size == fields->size &&
		      (fields->size == 0 || memcmp(received.bytes, fields->bytes, fields->size) == 0));
	close(ends[0]);
	close(ends[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	FIELDS_AUTO fields = { 0 };
	enum sfmfa_err err = message_decode(bytes, size, &fields);

	HOLDS(err == SFMFA_OK || err == SFMFA_ERR_INVALID);
	if (err == SFMFA_OK)
		check_encoding(&fields, bytes + MESSAGE_HEADER_SIZE, size - MESSAGE_HEADER_SIZE);
	else
		HOLDS(fields.bytes == NULL);
	if (size <= MESSAGE_SIZE_MAX)
		check_received(bytes, size, err, &fields);
	return 0;
}
