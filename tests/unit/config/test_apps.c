/* apps.d and the key files it names: what is read, what is refused, what is kept (rules 3, 5). */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/last_good.h"
#include "folder.h"
#include "signer.h"

#define APP "apps.d/mail.conf"

static struct folder folder;
static struct signer elliptic, rsa;

static void
make(void)
{
	char pem[SIGNER_PEM_SIZE];

	folder_make(&folder);
	signer_make(&elliptic, true);
	signer_make(&rsa, false);
	folder_write(&folder, "apps.d/ec.pem", elliptic.pem);
	folder_write(&folder, "apps.d/rsa.pem", rsa.pem);
	signer_certificate(&rsa, 1700000000, 4000000000, pem);
	folder_write(&folder, "apps.d/rsa.crt", pem);
	folder_write(&folder, "permission-sets.d/integration.conf", "");
}

static void
clean(void)
{
	folder_remove(&folder);
	signer_free(&elliptic);
	signer_free(&rsa);
}

TestSuite(apps, .init = make, .fini = clean, .timeout = 60);

static const char whole[] =
	"label = \"Mail Robot\";\nclient_id = \"https://mail.example/robot\";\n"
	"public_key = [ \"ec.pem\" ];\ncertificate = \"rsa.crt\";\naudience = [ \"imap.example\", \"https://host\" ];\n"
	"flows = [ \"jwt-bearer\", \"web-server\" ];\nservices = [ \"dovecot\" ];\nnetworks = [ \"10.0.0.0/8\" ];\n"
	"permitted_users = \"preapproved\";\n"
	"members = { users = [ \"alice\" ]; groups = [ \"robots\" ]; permission_sets = [ \"integration\" ]; };\n"
	"session_level = \"high-assurance\";\naction = \"raise\";\naccess_token_minutes = 5;\nrefresh_token_days = 7;\n"
	"require_jti = false;\n";

Test(apps, every_key_is_read)
{
	folder_write(&folder, APP, whole);
	struct config *config = folder_load(&folder);
	const struct connected_app *app = config_find_app(config, "mail");
	cr_assert_not_null(app);
	cr_expect_eq(config_find_client(config, "https://mail.example/robot"), app);
	cr_expect_null(config_find_client(config, "mail"));
	cr_expect_str_eq(app->label, "Mail Robot");
	cr_assert_eq(app->key_count, 2);
	cr_expect(!app->keys[0].elliptic && app->keys[0].not_before == 1700000000 &&
		  app->keys[0].not_after == 4000000000);
	cr_expect(app->keys[1].elliptic && app->keys[1].not_after == 0);
	cr_expect_eq(app->keys[1].origin.line, 3);
	cr_expect_eq(app->audience_count, 2);
	cr_expect_eq(app->flows, FLOW_BIT(FLOW_JWT_BEARER) | FLOW_BIT(FLOW_WEB_SERVER));
	cr_expect(words_contain(&app->services, "dovecot"));
	cr_expect(app->has_networks && !app->self_authorize && !app->require_jti);
	cr_expect(words_contain(&app->members.users, "alice") && words_contain(&app->members.groups, "robots") &&
		  words_contain(&app->member_sets, "integration"));
	cr_expect(words_contain(&config->unix_groups, "robots"), "its Unix groups are asked for");
	cr_expect(app->level == LEVEL_HIGH_ASSURANCE && app->action == LEVEL_RAISE);
	cr_expect_eq(app->level_origin.line, 11);
	cr_expect(app->access_token_minutes == 5 && app->refresh_token_days == 7);
	config_release(config);
}

Test(apps, what_is_not_said_is_the_strict_thing)
{
	folder_write(&folder, APP, "client_id = \"m\"; flows = [ \"web-server\" ]; services = [ \"dovecot\" ];");
	struct config *config = folder_load(&folder);
	const struct connected_app *app = config_find_app(config, "mail");
	cr_expect_str_eq(app->label, "mail");
	cr_expect(!app->self_authorize && app->require_jti && !app->has_networks);
	cr_expect(app->level == LEVEL_STANDARD && app->action == LEVEL_BLOCK);
	cr_expect(app->access_token_minutes == 60 && app->refresh_token_days == 30);
	config_release(config);
}

/* Beginnings of an app that is good otherwise; the fault is on the line after, or where it says. */
#define HEAD "client_id = \"m\"; services = [ \"dovecot\" ]; "
#define SIGNS HEAD "flows = [ \"jwt-bearer\" ]; "
#define WEB HEAD "flows = [ \"web-server\" ];\n"

static const struct {
	const char *text;
	unsigned line;
	const char *says;
} faults[] = {
	{ WEB "colour = \"red\";", 2, "unknown key colour" },
	{ WEB "client_id = \"n\";", 2, "" },
	{ WEB "label = 7;", 2, "text in quotes" },
	{ "flows = [ \"web-server\" ]; services = [ \"a\" ];", 0, "no client_id" },
	{ "client_id = \"\"; flows = [ \"web-server\" ]; services = [ \"a\" ];", 1, "empty" },
	{ "client_id = \"m\"; services = [ \"a\" ];", 0, "no flows" },
	{ HEAD "\nflows = [ ];", 2, "without a flow" },
	{ HEAD "\nflows = \"web-server\";", 2, "must be a list" },
	{ HEAD "\nflows = [ \"web-server\",\n\"web-server\" ];", 3, "twice" },
	{ HEAD "\nflows = [ \"browser\" ];", 2, "unknown flow: browser" },
	{ "client_id = \"m\"; flows = [ \"web-server\" ];", 0, "without a service" },
	{ "client_id = \"m\"; flows = [ \"web-server\" ];\nservices = [ ];", 2, "without a service" },
	{ "client_id = \"m\"; flows = [ \"web-server\" ];\nservices = [ \"Dovecot\" ];", 2, "lower case" },
	{ WEB "permitted_users = \"everybody\";", 2, "one of preapproved,self-authorize" },
	{ WEB "members = { permission_sets = [ \"nonsense\" ]; };", 2, "unknown permission set nonsense" },
	{ WEB "members = { sets = [ ]; };", 2, "unknown key sets" },
	{ WEB "session_level = \"low\";", 2, "one of standard,high-assurance" },
	{ WEB "action = \"allow\";", 2, "one of block,raise" },
	{ WEB "access_token_minutes = 0;", 2, "from 1 to 1440" },
	{ WEB "access_token_minutes = 4294967297;", 2, "out of range" },
	{ WEB "refresh_token_days = 366;", 2, "from 1 to 365" },
	{ WEB "require_jti = \"no\";", 2, "true or false" },
	{ WEB "networks = [ \"10.0.0.1/8\" ];", 2, "not a network" },
	{ SIGNS "audience = \"a\";", 0, "needs a certificate or public_key" },
	{ SIGNS "public_key = \"ec.pem\";", 0, "needs an audience" },
	{ SIGNS "public_key = \"ec.pem\";\naudience = [ \"a\", \"a\" ];", 2, "twice" },
	{ SIGNS "public_key = \"ec.pem\";\naudience = \"\";", 2, "empty" },
	{ SIGNS "public_key = \"ec.pem\";\naudience = 7;", 2, "text in quotes" },
	{ SIGNS "audience = \"a\";\npublic_key = [ \"ec.pem\",\n\"ec.pem\" ];", 3, "this key twice" },
	{ SIGNS "audience = \"a\";\npublic_key = \"../ec.pem\";", 2, "absolute path" },
	{ SIGNS "audience = \"a\";\npublic_key = { };", 2, "text in quotes" },
};

Test(apps, faults_are_refused_with_their_line)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder.path, APP);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		folder_write(&folder, APP, faults[i].text);
		struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
		cr_expect_str_eq(diag.file, path, "%s: %s", faults[i].text, diag.file);
		cr_expect_eq(diag.line, faults[i].line, "%s: line %u: %s", faults[i].text, diag.line, diag.text);
		cr_expect(strstr(diag.text, faults[i].says), "%s: %s", faults[i].text, diag.text);
	}
}

Test(apps, a_client_id_is_of_one_app_only)
{
	folder_write(&folder, "apps.d/a.conf", WEB);
	folder_write(&folder, "apps.d/b.conf", "flows = [ \"web-server\" ]; services = [ \"d\" ];\nclient_id = \"m\";");
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
	cr_expect(strstr(diag.file, "b.conf") && strstr(diag.text, "of the app a already"), "%s: %s", diag.file, diag.text);
}

/* A key file that is not one; the diagnosis names it. */
static void
expect_key_fault(const char *text, const char *says)
{
	folder_write(&folder, APP, SIGNS "audience = \"a\"; public_key = \"k.pem\";");
	folder_write(&folder, "apps.d/k.pem", text);
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
	cr_expect(strstr(diag.file, "/apps.d/k.pem"), "%s", diag.file);
	cr_expect(strstr(diag.text, says), "%s", diag.text);
}

Test(apps, key_files_are_read_with_the_configuration)
{
	char private[SIGNER_PEM_SIZE];

	expect_key_fault("", "exactly one");
	expect_key_fault("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "not a public key");
	signer_private_pem(&elliptic, private);
	expect_key_fault(private, "private key");
	/* openssl genrsa 1024 | openssl rsa -pubout */
	expect_key_fault("-----BEGIN PUBLIC KEY-----\n"
			 "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCiF6AfO37osqFpjVMNd+dqmtiv\n"
			 "rcVFP29JorHKbraHWXzWRRJKK6tqA5bEqpzQ0IKbtbsWcERcOCI1idvY75M/tLld\n"
			 "PxPUYBrVpdMSqLtCsAO3TTukFYOSqc42cMQL5o09BXbLrcNSGpyILLs9dmPW05KX\n"
			 "TekZ9T6JuKLOcOtIDQIDAQAB\n"
			 "-----END PUBLIC KEY-----\n",
			 "2048 bits");
}

Test(apps, key_files_must_be_trusted)
{
	char path[256];

	folder_write(&folder, APP, SIGNS "audience = \"a\"; public_key = \"ec.pem\";");
	config_release(folder_load(&folder));
	snprintf(path, sizeof(path), "%s/apps.d/ec.pem", folder.path);
	cr_assert_eq(chmod(path, 0666), 0);
	cr_expect(strstr(folder_refuse(&folder, SFMFA_ERR_UNTRUSTED).file, "ec.pem"));
	cr_assert_eq(unlink(path), 0);
	cr_expect(strstr(folder_refuse(&folder, SFMFA_ERR_CONFIG).file, "ec.pem"));
	cr_assert_eq(symlink("rsa.pem", path), 0);
	cr_expect(strstr(folder_refuse(&folder, SFMFA_ERR_UNTRUSTED).file, "ec.pem"));
	/* In a folder where anybody may put another file of root's in its place. */
	folder_write(&folder, APP, SIGNS "audience = \"a\"; public_key = \"/tmp/sfmfa-no-such-key.pem\";");
	folder_refuse(&folder, SFMFA_ERR_UNTRUSTED);
}

Test(apps, a_key_that_changes_is_another_configuration)
{
	folder_write(&folder, APP, SIGNS "audience = \"a\"; public_key = \"ec.pem\";");
	struct config *before = folder_load(&folder);
	struct config *same = folder_load(&folder);
	folder_write(&folder, "apps.d/ec.pem", rsa.pem);
	struct config *after = folder_load(&folder);
	cr_expect(config_equals(before, same));
	cr_expect_not(config_equals(before, after));
	config_release(before);
	config_release(same);
	config_release(after);
}

Test(apps, the_last_good_configuration_has_the_keys)
{
	struct config *kept = NULL;
	struct diag diag = { 0 };
	char path[256];

	folder_write(&folder, APP, whole);
	folder_write(&folder, "apps.d/web.conf", "client_id = \"w\"; services = [ \"d\" ]; flows = [ \"web-server\" ];");
	struct config *config = folder_load(&folder);
	cr_assert_eq(last_good_keep(config, folder.state_dir, &diag), SFMFA_OK, "%s", diag.text);
	snprintf(path, sizeof(path), "%s/apps.d/ec.pem", folder.path);
	cr_assert_eq(unlink(path), 0);
	folder_refuse(&folder, SFMFA_ERR_CONFIG);
	cr_assert_eq(last_good_load(&folder.options, folder.state_dir, &kept, &diag), SFMFA_OK, "%s", diag.text);
	cr_expect(config_equals(config, kept));
	cr_assert_eq(kept->app_count, 2);
	const struct connected_app *app = config_find_app(kept, "mail");
	cr_assert_eq(app->key_count, 2);
	cr_expect_str_eq(app->keys[1].id, config_find_app(config, "mail")->keys[1].id);
	config_release(config);
	config_release(kept);
}
