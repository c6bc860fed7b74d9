#include <string.h>

#include <criterion/criterion.h>

#include "crypto/crypto.h"

#define KEY_TEXT "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

static struct secret
known_key(void)
{
	struct secret key = { 0 };

	cr_assert_eq(sealing_key_parse(KEY_TEXT, strlen(KEY_TEXT), &key), SFMFA_OK);
	return key;
}

static void
assert_no_key(const char *text, size_t size)
{
	struct secret key = { .size = 1, .bytes = "x" };

	cr_assert_eq(sealing_key_parse(text, size, &key), SFMFA_ERR_INVALID, "%zu bytes", size);
	cr_assert_eq(key.size, 1);
	cr_assert_eq(key.bytes[0], 'x');
}

Test(keyring, a_new_one_has_two_different_keys_and_differs_from_the_next)
{
	struct keyring a = { 0 };
	struct keyring b = { 0 };

	cr_assert_eq(keyring_generate(&a), SFMFA_OK);
	cr_assert_eq(keyring_generate(&b), SFMFA_OK);
	cr_assert(a.ready && b.ready);
	cr_assert(memcmp(a.seal_key, a.hash_key, KEY_SIZE) != 0);
	cr_assert(memcmp(a.seal_key, b.seal_key, KEY_SIZE) != 0);
	cr_assert(memcmp(a.hash_key, b.hash_key, KEY_SIZE) != 0);
}

Test(keyring, clearing_wipes_the_keys)
{
	struct keyring keyring = { 0 };
	static const struct keyring zeroed;

	cr_assert_eq(keyring_generate(&keyring), SFMFA_OK);
	keyring_clear(&keyring);
	cr_assert_eq(memcmp(&keyring, &zeroed, sizeof(zeroed)), 0);
	keyring_clear(NULL);
}

Test(keyring, wrapped_keys_come_back_under_the_same_sealing_key)
{
	struct secret key = known_key();
	struct keyring keyring = { 0 };
	struct keyring back = { 0 };
	unsigned char wrap[WRAP_SIZE];

	cr_assert_eq(keyring_generate(&keyring), SFMFA_OK);
	cr_assert_eq(keyring_wrap(&keyring, &key, wrap), SFMFA_OK);
	cr_assert_eq(keyring_unwrap(&back, &key, wrap), SFMFA_OK);
	cr_assert(back.ready);
	cr_assert_arr_eq(back.seal_key, keyring.seal_key, KEY_SIZE);
	cr_assert_arr_eq(back.hash_key, keyring.hash_key, KEY_SIZE);
}

Test(keyring, another_sealing_key_does_not_unwrap)
{
	struct secret key = known_key();
	struct keyring keyring = { 0 };
	struct keyring back = { 0 };
	unsigned char wrap[WRAP_SIZE];

	cr_assert_eq(keyring_generate(&keyring), SFMFA_OK);
	cr_assert_eq(keyring_wrap(&keyring, &key, wrap), SFMFA_OK);
	key.bytes[0] ^= 1;
	cr_assert_eq(keyring_unwrap(&back, &key, wrap), SFMFA_ERR_CRYPTO);
	cr_assert_not(back.ready);
}

Test(keyring, a_bit_flipped_in_any_byte_of_a_wrap_is_noticed)
{
	struct secret key = known_key();
	struct keyring keyring = { 0 };
	struct keyring back = { 0 };
	unsigned char wrap[WRAP_SIZE];

	cr_assert_eq(keyring_generate(&keyring), SFMFA_OK);
	cr_assert_eq(keyring_wrap(&keyring, &key, wrap), SFMFA_OK);
	for (size_t i = 0; i < WRAP_SIZE; i++) {
		wrap[i] ^= 0x10;
		cr_assert_eq(keyring_unwrap(&back, &key, wrap), SFMFA_ERR_CRYPTO);
		cr_assert_not(back.ready);
		wrap[i] ^= 0x10;
	}
}

Test(keyring, rotation_keeps_what_was_sealed_before)
{
	struct secret old_key = known_key();
	struct secret new_key = known_key();
	struct secret plain = { .size = 20, .bytes = "the shared secret 20" };
	struct secret opened = { 0 };
	struct keyring keyring = { 0 };
	struct keyring back = { 0 };
	unsigned char wrap[WRAP_SIZE];
	unsigned char sealed[64];
	size_t size;

	new_key.bytes[5] ^= 0xff;
	cr_assert_eq(keyring_generate(&keyring), SFMFA_OK);
	cr_assert_eq(seal(&keyring, "app:7", &plain, sealed, sizeof(sealed), &size), SFMFA_OK);
	cr_assert_eq(keyring_wrap(&keyring, &old_key, wrap), SFMFA_OK);
	cr_assert_eq(keyring_unwrap(&back, &old_key, wrap), SFMFA_OK);
	cr_assert_eq(keyring_wrap(&back, &new_key, wrap), SFMFA_OK);
	keyring_clear(&back);
	cr_assert_eq(keyring_unwrap(&back, &new_key, wrap), SFMFA_OK);
	cr_assert_eq(unseal(&back, "app:7", sealed, size, &opened), SFMFA_OK);
	cr_assert(secret_equals(&opened, &plain));
}

Test(keyring, no_keys_or_no_sealing_key_wrap_nothing)
{
	struct secret key = known_key();
	struct secret none = { 0 };
	struct secret shorter = { .size = KEY_SIZE - 1 };
	struct keyring empty = { 0 };
	struct keyring keyring = { 0 };
	unsigned char wrap[WRAP_SIZE] = { 9 };
	char id[KEY_ID_SIZE] = "x";
	char text[SEALING_KEY_TEXT_SIZE] = "x";

	cr_assert_eq(keyring_generate(&keyring), SFMFA_OK);
	cr_assert_eq(keyring_wrap(&empty, &key, wrap), SFMFA_ERR_CRYPTO);
	cr_assert_eq(keyring_wrap(&keyring, &none, wrap), SFMFA_ERR_CRYPTO);
	cr_assert_eq(keyring_wrap(&keyring, &shorter, wrap), SFMFA_ERR_CRYPTO);
	cr_assert_eq(keyring_unwrap(&keyring, &none, wrap), SFMFA_ERR_CRYPTO);
	cr_assert_eq(sealing_key_id(&none, id), SFMFA_ERR_CRYPTO);
	cr_assert_eq(sealing_key_format(&shorter, text), SFMFA_ERR_CRYPTO);
	cr_assert_eq(wrap[0], 9);
	cr_assert_str_eq(id, "x");
	cr_assert_str_eq(text, "x");
}

Test(keyring, the_id_of_a_key_is_the_beginning_of_its_digest)
{
	struct secret key = known_key();
	char id[KEY_ID_SIZE];

	cr_assert_eq(sealing_key_id(&key, id), SFMFA_OK);
	cr_assert_str_eq(id, "630dcd2966c43366");
}

Test(keyring, the_text_of_a_key_is_written_as_it_is_read)
{
	struct secret key = known_key();
	char text[SEALING_KEY_TEXT_SIZE];

	cr_assert_eq(key.size, KEY_SIZE);
	cr_assert_eq(key.bytes[31], 31);
	cr_assert_eq(sealing_key_format(&key, text), SFMFA_OK);
	cr_assert_str_eq(text, KEY_TEXT);
}

Test(keyring, the_newline_of_a_key_file_may_be_missing)
{
	struct secret key = { 0 };

	cr_assert_eq(sealing_key_parse(KEY_TEXT, strlen(KEY_TEXT) - 1, &key), SFMFA_OK);
	cr_assert_eq(key.size, KEY_SIZE);
}

Test(keyring, any_other_text_is_no_key)
{
	char text[] = KEY_TEXT KEY_TEXT;
	size_t right = strlen(KEY_TEXT);

	for (size_t size = 0; size < sizeof(text); size++) {
		if (size != right && size != right - 1)
			assert_no_key(text, size);
	}
	for (size_t i = 0; i < right - 1; i++) {
		static const char wrong[] = { 'g', ' ', '\n', '-', 0 };

		for (size_t j = 0; j < sizeof(wrong); j++) {
			char kept = text[i];

			text[i] = wrong[j];
			assert_no_key(text, right);
			text[i] = kept;
		}
	}
	text[right - 1] = '0';
	assert_no_key(text, right);
}
