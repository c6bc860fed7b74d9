#include <string.h>

#include <criterion/criterion.h>

#include "base/text.h"
#include "crypto/crypto.h"

static struct keyring
known_keyring(void)
{
	struct keyring keyring = { .ready = true };

	for (unsigned i = 0; i < KEY_SIZE; i++)
		keyring.hash_key[i] = (unsigned char)i;
	return keyring;
}

Test(hash, the_digest_is_that_of_fips_180)
{
	unsigned char digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];

	cr_assert_eq(digest_sha256("abc", 3, digest), SFMFA_OK);
	cr_assert_eq(text_from_bytes(hex, sizeof(hex), digest, sizeof(digest)), SFMFA_OK);
	cr_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	cr_assert_eq(digest_sha256(NULL, 0, digest), SFMFA_OK);
	cr_assert_eq(text_from_bytes(hex, sizeof(hex), digest, sizeof(digest)), SFMFA_OK);
	cr_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* HMAC-SHA-256 of "token\0abc" under the bytes 0 … 31, computed with another implementation. */
Test(hash, a_keyed_hash_covers_domain_nul_and_bytes)
{
	struct keyring keyring = known_keyring();
	unsigned char hash[HMAC_SIZE];
	char hex[2 * HMAC_SIZE + 1];

	cr_assert_eq(keyed_hash(&keyring, "token", "abc", 3, hash), SFMFA_OK);
	cr_assert_eq(text_from_bytes(hex, sizeof(hex), hash, sizeof(hash)), SFMFA_OK);
	cr_assert_str_eq(hex, "5d825ded678582ec38153ed7d9745d386bff8623e8239420a2c79e699cc0a1ba");
}

Test(hash, the_border_between_domain_and_bytes_matters)
{
	struct keyring keyring = known_keyring();
	unsigned char a[HMAC_SIZE];
	unsigned char b[HMAC_SIZE];

	cr_assert_eq(keyed_hash(&keyring, "recovery:1", "2ABC", 4, a), SFMFA_OK);
	cr_assert_eq(keyed_hash(&keyring, "recovery:12", "ABC", 3, b), SFMFA_OK);
	cr_assert(memcmp(a, b, sizeof(a)) != 0);
}

Test(hash, another_key_or_domain_makes_another_hash)
{
	struct keyring keyring = known_keyring();
	unsigned char a[HMAC_SIZE];
	unsigned char b[HMAC_SIZE];

	cr_assert_eq(keyed_hash(&keyring, "token", "abc", 3, a), SFMFA_OK);
	cr_assert_eq(keyed_hash(&keyring, "name", "abc", 3, b), SFMFA_OK);
	cr_assert(memcmp(a, b, sizeof(a)) != 0);
	keyring.hash_key[31] ^= 1;
	cr_assert_eq(keyed_hash(&keyring, "token", "abc", 3, b), SFMFA_OK);
	cr_assert(memcmp(a, b, sizeof(a)) != 0);
}

Test(hash, the_sealing_key_has_no_part_in_a_hash)
{
	struct keyring keyring = known_keyring();
	unsigned char a[HMAC_SIZE];
	unsigned char b[HMAC_SIZE];

	cr_assert_eq(keyed_hash(&keyring, "token", "abc", 3, a), SFMFA_OK);
	keyring.seal_key[0] = 1;
	cr_assert_eq(keyed_hash(&keyring, "token", "abc", 3, b), SFMFA_OK);
	cr_assert_arr_eq(a, b, sizeof(a));
}

Test(hash, without_keys_or_domain_nothing_is_hashed)
{
	struct keyring none = { 0 };
	struct keyring keyring = known_keyring();
	unsigned char hash[HMAC_SIZE] = { 9 };

	cr_assert_eq(keyed_hash(&none, "token", "abc", 3, hash), SFMFA_ERR_CRYPTO);
	cr_assert_eq(keyed_hash(&keyring, "", "abc", 3, hash), SFMFA_ERR_INVALID);
	cr_assert_eq(keyed_hash(&keyring, NULL, "abc", 3, hash), SFMFA_ERR_INVALID);
	cr_assert_eq(hash[0], 9);
}

Test(hash, empty_bytes_have_a_hash_of_their_own)
{
	struct keyring keyring = known_keyring();
	unsigned char a[HMAC_SIZE];
	unsigned char b[HMAC_SIZE];

	cr_assert_eq(keyed_hash(&keyring, "name", NULL, 0, a), SFMFA_OK);
	cr_assert_eq(keyed_hash(&keyring, "name", "", 1, b), SFMFA_OK);
	cr_assert(memcmp(a, b, sizeof(a)) != 0);
}
