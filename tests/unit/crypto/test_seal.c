#include <string.h>

#include <criterion/criterion.h>

#include "base/text.h"
#include "crypto/crypto.h"
#include "crypto/gcm.h"

#define PLAIN "twenty secret bytes."

struct sealed {
	struct keyring keyring;
	struct secret plain;
	unsigned char bytes[SECRET_MAX + SEAL_OVERHEAD];
	size_t size;
};

static struct sealed
sealed_example(void)
{
	struct sealed it = { 0 };

	cr_assert_eq(keyring_generate(&it.keyring), SFMFA_OK);
	cr_assert_eq(secret_set(&it.plain, PLAIN, strlen(PLAIN)), SFMFA_OK);
	cr_assert_eq(seal(&it.keyring, "app:7", &it.plain, it.bytes, sizeof(it.bytes), &it.size), SFMFA_OK);
	return it;
}

static void
assert_stays_shut(const struct sealed *it, const char *context)
{
	struct secret plain = { .size = 1, .bytes = "x" };

	cr_assert_eq(unseal(&it->keyring, context, it->bytes, it->size, &plain), SFMFA_ERR_CRYPTO);
	cr_assert_eq(plain.size, 1);
	cr_assert_eq(plain.bytes[0], 'x');
}

Test(seal, what_is_sealed_opens_again)
{
	struct sealed it = sealed_example();
	struct secret opened = { 0 };

	cr_assert_eq(it.size, strlen(PLAIN) + SEAL_OVERHEAD);
	cr_assert_eq(unseal(&it.keyring, "app:7", it.bytes, it.size, &opened), SFMFA_OK);
	cr_assert(secret_equals(&opened, &it.plain));
	cr_assert_null(memmem(it.bytes, it.size, "secret", 6));
}

/* Case 16 of the GCM specification of McGrew and Viega: AES-256, twelve bytes of nonce, associated data. */
Test(seal, the_form_is_nonce_cipher_text_tag_of_the_specification)
{
	static const char key[] = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
	static const char context[] = "\xfe\xed\xfa\xce\xde\xad\xbe\xef\xfe\xed\xfa\xce\xde\xad\xbe\xef"
	                              "\xab\xad\xda\xd2";
	static const char sealed_hex[] =
		"cafebabefacedbaddecaf888"
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
		"76fc6ece0f4e1768cddf8853bb2d551b";
	static const char plain_hex[] =
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
	struct keyring keyring = { .ready = true };
	unsigned char sealed[88];
	unsigned char plain[60];
	struct secret opened = { 0 };

	cr_assert_eq(text_to_bytes(key, keyring.seal_key, KEY_SIZE), SFMFA_OK);
	cr_assert_eq(text_to_bytes(sealed_hex, sealed, sizeof(sealed)), SFMFA_OK);
	cr_assert_eq(text_to_bytes(plain_hex, plain, sizeof(plain)), SFMFA_OK);
	cr_assert_eq(unseal(&keyring, context, sealed, sizeof(sealed), &opened), SFMFA_OK);
	cr_assert_eq(opened.size, sizeof(plain));
	cr_assert_arr_eq(opened.bytes, plain, sizeof(plain));
}

Test(seal, one_secret_sealed_twice_never_looks_the_same)
{
	struct sealed it = sealed_example();
	unsigned char again[sizeof(it.bytes)];
	size_t size;

	cr_assert_eq(seal(&it.keyring, "app:7", &it.plain, again, sizeof(again), &size), SFMFA_OK);
	cr_assert_eq(size, it.size);
	cr_assert(memcmp(it.bytes, again, 12) != 0);
	cr_assert(memcmp(it.bytes + 12, again + 12, size - 12) != 0);
}

Test(seal, a_blob_moved_to_another_record_does_not_open)
{
	struct sealed it = sealed_example();

	assert_stays_shut(&it, "app:8");
	assert_stays_shut(&it, "app:77");
	assert_stays_shut(&it, "app:");
	assert_stays_shut(&it, "App:7");
}

Test(seal, a_bit_flipped_in_any_byte_keeps_it_shut)
{
	struct sealed it = sealed_example();

	for (size_t i = 0; i < it.size; i++) {
		unsigned char bit = (unsigned char)(1U << i % 8);

		it.bytes[i] ^= bit;
		assert_stays_shut(&it, "app:7");
		it.bytes[i] ^= bit;
	}
}

Test(seal, a_blob_of_any_other_length_stays_shut)
{
	struct sealed it = sealed_example();
	size_t whole = it.size;

	for (it.size = 0; it.size <= sizeof(it.bytes); it.size++) {
		if (it.size != whole)
			assert_stays_shut(&it, "app:7");
	}
}

Test(seal, another_key_does_not_open_it)
{
	struct sealed it = sealed_example();

	it.keyring.seal_key[KEY_SIZE - 1] ^= 1;
	assert_stays_shut(&it, "app:7");
}

Test(seal, without_keys_nothing_is_sealed_or_opened)
{
	struct sealed it = sealed_example();
	unsigned char out[128];
	size_t size = 99;

	it.keyring.ready = false;
	assert_stays_shut(&it, "app:7");
	cr_assert_eq(seal(&it.keyring, "app:7", &it.plain, out, sizeof(out), &size), SFMFA_ERR_CRYPTO);
	cr_assert_eq(size, 99);
}

Test(seal, an_empty_secret_is_neither_sealed_nor_opened)
{
	struct sealed it = sealed_example();
	struct secret empty = { 0 };
	unsigned char out[128];
	size_t size = 99;

	cr_assert_eq(seal(&it.keyring, "app:7", &empty, out, sizeof(out), &size), SFMFA_ERR_INVALID);
	cr_assert_eq(size, 99);
	/* Not even if its tag is right. */
	cr_assert_eq(gcm_seal(it.keyring.seal_key, "app:7", (const unsigned char *)"", 0, it.bytes), SFMFA_OK);
	it.size = SEAL_OVERHEAD;
	assert_stays_shut(&it, "app:7");
}

Test(seal, a_seal_without_a_record_is_refused)
{
	struct sealed it = sealed_example();
	struct secret opened = { 0 };
	unsigned char out[128];
	size_t size;

	cr_assert_eq(seal(&it.keyring, "", &it.plain, out, sizeof(out), &size), SFMFA_ERR_INVALID);
	cr_assert_eq(seal(&it.keyring, NULL, &it.plain, out, sizeof(out), &size), SFMFA_ERR_INVALID);
	cr_assert_eq(unseal(&it.keyring, "", it.bytes, it.size, &opened), SFMFA_ERR_INVALID);
	cr_assert_eq(unseal(&it.keyring, NULL, it.bytes, it.size, &opened), SFMFA_ERR_INVALID);
}

Test(seal, a_buffer_is_never_overrun)
{
	struct sealed it = sealed_example();
	unsigned char out[64];
	size_t size = 99;

	memset(out, 0x55, sizeof(out));
	for (size_t max = 0; max < it.size; max++)
		cr_assert_eq(seal(&it.keyring, "app:7", &it.plain, out, max, &size), SFMFA_ERR_TOO_LARGE);
	cr_assert_eq(out[0], 0x55);
	cr_assert_eq(size, 99);
	cr_assert_eq(seal(&it.keyring, "app:7", &it.plain, out, it.size, &size), SFMFA_OK);
	cr_assert_eq(size, it.size);
	cr_assert_eq(out[it.size], 0x55);
}

Test(seal, the_largest_secret_fits)
{
	struct sealed it = sealed_example();
	struct secret opened = { 0 };

	it.plain.size = SECRET_MAX;
	memset(it.plain.bytes, 0xa5, SECRET_MAX);
	cr_assert_eq(seal(&it.keyring, "app:7", &it.plain, it.bytes, sizeof(it.bytes), &it.size), SFMFA_OK);
	cr_assert_eq(it.size, sizeof(it.bytes));
	cr_assert_eq(unseal(&it.keyring, "app:7", it.bytes, it.size, &opened), SFMFA_OK);
	cr_assert(secret_equals(&opened, &it.plain));
}
