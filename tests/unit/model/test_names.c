/* The names of the tables: each key is found again, once, and what is none is refused. */
#include <criterion/criterion.h>
#include <string.h>

#include "model/decision.h"
#include "model/factor.h"
#include "model/login_type.h"
#include "model/permission.h"
#include "model/settings.h"
#include "model/user.h"
#include "model/verb.h"

static void
check_key(const char *key)
{
	cr_expect_gt(strlen(key), 0U);
	for (const char *at = key; *at != '\0'; at++)
		cr_expect_not_null(strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *at), "%s", key);
}

Test(names, permissions_are_found_by_key_and_by_alias)
{
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		const struct permission_info *info = permission_info((enum permission)i);
		enum permission by_key = PERMISSION_COUNT, by_alias = PERMISSION_COUNT;

		check_key(info->key);
		cr_assert_eq(permission_from_name(info->key, &by_key), SFMFA_OK);
		cr_assert_eq(permission_from_name(info->alias, &by_alias), SFMFA_OK);
		cr_expect_eq((unsigned)by_key, i);
		cr_expect_eq((unsigned)by_alias, i);
	}
	cr_expect_not_null(permission_info((enum permission)200)->key);
}

Test(names, a_name_that_is_no_permission_is_refused)
{
	static const char *const bad[] = {"", "mfa", "MFA-UI-LOGINS", "mfa-ui-logins ", "forcetwofactor"};
	enum permission permission = PERMISSION_COUNT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(permission_from_name(bad[i], &permission), SFMFA_ERR_NOT_FOUND, "%s", bad[i]);
	cr_expect_eq(permission_from_name(NULL, &permission), SFMFA_ERR_NOT_FOUND);
	cr_expect_eq(permission, PERMISSION_COUNT);
}

Test(names, five_permissions_are_administrative)
{
	cr_expect_eq(permission_administrative(),
	             PERMISSION_BIT(PERMISSION_MANAGE_PROFILES) | PERMISSION_BIT(PERMISSION_MANAGE_MFA) |
	             PERMISSION_BIT(PERMISSION_RESET_AND_UNLOCK) | PERMISSION_BIT(PERMISSION_MANAGE_USERS) |
	             PERMISSION_BIT(PERMISSION_MANAGE_APPS));
}

Test(names, factors_are_found_by_key)
{
	enum factor found = FACTOR_COUNT;

	for (unsigned i = 0; i < FACTOR_COUNT; i++) {
		check_key(factor_key((enum factor)i));
		cr_expect_gt(strlen(factor_label((enum factor)i)), 0U);
		cr_assert_eq(factor_from_key(factor_key((enum factor)i), &found), SFMFA_OK);
		cr_expect_eq((unsigned)found, i);
	}
	cr_expect_eq(factor_from_key("otp", &found), SFMFA_ERR_NOT_FOUND);
	cr_expect_eq(factor_from_key(NULL, &found), SFMFA_ERR_NOT_FOUND);
	cr_expect_str_eq(factor_key((enum factor)99), "unknown");
}

Test(names, reasons_are_found_by_key)
{
	enum reason found = REASON_COUNT;

	for (unsigned i = 0; i < REASON_COUNT; i++) {
		check_key(reason_key((enum reason)i));
		cr_expect_gt(strlen(reason_help((enum reason)i)), 0U);
		cr_assert_eq(reason_from_key(reason_key((enum reason)i), &found), SFMFA_OK);
		cr_expect_eq((unsigned)found, i, "%s is there twice", reason_key((enum reason)i));
	}
	cr_expect_eq(reason_from_key("fine", &found), SFMFA_ERR_NOT_FOUND);
	cr_expect_eq(reason_from_key(NULL, &found), SFMFA_ERR_NOT_FOUND);
	cr_expect_str_eq(reason_key((enum reason)999), "internal", "what is no reason is a fault");
}

Test(names, what_is_no_verdict_denies)
{
	cr_expect_str_eq(verdict_key(VERDICT_DENY), "deny");
	cr_expect_str_eq(verdict_key(VERDICT_CHALLENGE), "challenge");
	cr_expect_str_eq(verdict_key(VERDICT_REGISTER), "register");
	cr_expect_str_eq(verdict_key(VERDICT_ALLOW), "allow");
	cr_expect_str_eq(verdict_key((enum verdict)9), "deny");
}

Test(names, small_words_are_found_again)
{
	enum level level = LEVEL_STANDARD;
	enum login_type type = LOGIN_UI;
	enum totp_algorithm algorithm = TOTP_SHA1;

	cr_expect_eq(level_from_key("high-assurance", &level), SFMFA_OK);
	cr_expect_eq(level, LEVEL_HIGH_ASSURANCE);
	cr_expect_eq(level_from_key("high", &level), SFMFA_ERR_NOT_FOUND);
	cr_expect_str_eq(level_key(LEVEL_STANDARD), "standard");
	cr_expect_eq(login_type_from_key("exempt", &type), SFMFA_OK);
	cr_expect_eq(type, LOGIN_EXEMPT);
	cr_expect_eq(login_type_from_key("web", &type), SFMFA_ERR_NOT_FOUND);
	cr_expect_eq(login_type_from_key(NULL, &type), SFMFA_ERR_NOT_FOUND);
	cr_expect_str_eq(login_type_key(LOGIN_API), "api");
	cr_expect_eq(totp_algorithm_from_key("sha512", &algorithm), SFMFA_OK);
	cr_expect_eq(algorithm, TOTP_SHA512);
	cr_expect_eq(totp_algorithm_from_key("md5", &algorithm), SFMFA_ERR_NOT_FOUND);
	cr_expect_eq(totp_algorithm_from_key(NULL, &algorithm), SFMFA_ERR_NOT_FOUND);
	cr_expect_str_eq(totp_algorithm_key(TOTP_SHA256), "sha256");
	cr_expect_str_eq(app_state_key(APP_PENDING), "pending");
	cr_expect_str_eq(app_state_key((enum app_state)7), "unknown");
	cr_expect_str_eq(caller_class_key(CALLER_TRUSTED), "trusted");
	cr_expect_str_eq(caller_class_key(CALLER_CLASS_COUNT), "unknown");
	cr_expect_str_eq(assignment_kind_key(ASSIGNMENT_GROUP), "group");
	cr_expect_str_eq(assignment_kind_key(ASSIGNMENT_KIND_COUNT), "unknown");
}

Test(verbs, each_is_found_by_its_key)
{
	for (unsigned i = VERB_NONE + 1; i < VERB_COUNT; i++) {
		check_key(verb_info((enum verb)i)->key);
		cr_expect_eq((unsigned)verb_from_key(verb_info((enum verb)i)->key), i);
	}
	cr_expect_eq(verb_from_key(""), VERB_NONE);
	cr_expect_eq(verb_from_key("shell"), VERB_NONE);
	cr_expect_eq(verb_from_key(NULL), VERB_NONE);
}

Test(verbs, what_is_no_verb_is_open_to_nobody)
{
	for (unsigned caller = 0; caller <= CALLER_CLASS_COUNT; caller++) {
		cr_expect_not(verb_open_to(VERB_NONE, (enum caller_class)caller));
		cr_expect_not(verb_open_to((enum verb)500, (enum caller_class)caller));
	}
	cr_expect_not(verb_open_to(VERB_LOGIN, CALLER_CLASS_COUNT));
}

Test(verbs, root_may_ask_for_all_and_a_trusted_caller_for_four)
{
	unsigned trusted = 0;

	for (unsigned i = VERB_NONE + 1; i < VERB_COUNT; i++) {
		cr_expect(verb_open_to((enum verb)i, CALLER_ROOT), "%s", verb_info((enum verb)i)->key);
		trusted += verb_open_to((enum verb)i, CALLER_TRUSTED) ? 1 : 0;
	}
	cr_expect(verb_open_to(VERB_LOGIN, CALLER_TRUSTED));
	cr_expect(verb_open_to(VERB_ACCOUNT, CALLER_TRUSTED));
	cr_expect(verb_open_to(VERB_STATUS, CALLER_TRUSTED));
	cr_expect_leq(trusted, 4U);
	cr_expect_not(verb_open_to(VERB_COMMIT, CALLER_TRUSTED));
	cr_expect_not(verb_open_to(VERB_COMMIT, CALLER_OWN));
}

Test(verbs, what_touches_a_factor_asks_for_a_code_first)
{
	static const enum verb verbs[] = {
		VERB_ENROLL,         VERB_DISCONNECT, VERB_TOKEN_NEW,       VERB_TOKEN_REVOKE,
		VERB_RECOVERY_RENEW, VERB_TEMP_CODE,  VERB_TEMP_CODE_EXPIRE,
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		cr_expect(verb_info(verbs[i])->code);
		cr_expect(verb_info(verbs[i])->changes);
		cr_expect_neq(verb_info(verbs[i])->permission, PERMISSION_COUNT);
	}
	cr_expect_not(verb_info(VERB_DISCONNECT)->self, "nobody throws their own factor away");
	cr_expect_not(verb_info(VERB_TEMP_CODE)->self);
	cr_expect_eq(verb_info(VERB_USER_DELETE)->permission, PERMISSION_COUNT);
	cr_expect(verb_info(VERB_USER_DELETE)->root_only);
}

Test(words, a_list_contains_what_it_names_whole)
{
	char one[] = "sudo", two[] = "su-l";
	char *items[] = {one, two};
	struct words words = {items, 2}, none = {NULL, 0};

	cr_expect(words_contain(&words, "su-l"));
	cr_expect_not(words_contain(&words, "su"));
	cr_expect_not(words_contain(&words, ""));
	cr_expect_not(words_contain(&words, NULL));
	cr_expect_not(words_contain(&none, "sudo"));
}
