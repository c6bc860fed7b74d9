/*
 * Whichever allocation fails, a load fails with it and leaves nothing half made. The linker sends the
 * allocations of our own objects here (--wrap).
 */
#include <stdlib.h>

#include "config/last_good.h"
#include "folder.h"

static long countdown = -1; /* the allocation that fails when it reaches 0; below: none */

static bool
fails_now(void)
{
	return countdown >= 0 && countdown-- == 0;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);

void *
__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *
__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return fails_now() ? NULL : __real_reallocarray(old, count, size);
}

/* openssl ecparam -name prime256v1 -genkey | openssl ec -pubout */
#define KEY \
	"-----BEGIN PUBLIC KEY-----\n" \
	"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEz9opVKLIZNyw8hLjsN5NzbOth/Me\n" \
	"gTjTOtffKxzORFVN7Xt07Bhvgrb5I1SxL5rFNA0GuZEPYhDpsPH2qZTTWQ==\n" \
	"-----END PUBLIC KEY-----\n"

static struct folder folder;

static void
make(void)
{
	folder_make(&folder);
	folder_write_settings(&folder, "issuer = \"a\"; licenses = ( { name = \"l\"; forbids = [ ]; } );\n"
				       "step_up = ( { service = \"sudo\"; max_age = 1; } );\n");
	folder_write(&folder, "profiles.d/p.conf",
		     "members = { users = [ \"a\", \"b\" ]; groups = [ \"g\" ]; };");
	folder_write(&folder, "permission-sets.d/s.conf", "members = { users = [ \"a\" ]; };");
	folder_write(&folder, "permission-set-groups.d/g.conf", "sets = [ \"s\" ];");
	folder_write(&folder, "apps.d/k.pem", KEY);
	folder_write(&folder, "apps.d/a.conf", "client_id = \"a\"; flows = [ \"jwt-bearer\" ]; services = [ \"d\" ]; "
					      "audience = \"h\"; public_key = \"k.pem\";");
}

static void
clean(void)
{
	folder_remove(&folder);
}

TestSuite(memory, .init = make, .fini = clean);

static enum sfmfa_err
load_files(struct config **ret_config, struct diag *diag)
{
	return config_load(&folder.options, ret_config, diag);
}

static enum sfmfa_err
load_last_good(struct config **ret_config, struct diag *diag)
{
	return last_good_load(&folder.options, folder.state_dir, ret_config, diag);
}

static enum sfmfa_err
load_paths(struct config **ret_config, struct diag *diag)
{
	return config_scan_paths(&folder.options, ret_config);
}

/* Returns how many allocations there were. */
static long sweep(enum sfmfa_err (*load)(struct config **ret_config, struct diag *diag))
{
	for (long n = 0;; n++) {
		struct config *config = NULL;
		struct diag diag = { 0 };
		countdown = n;
		enum sfmfa_err err = load(&config, &diag);
		bool all = countdown >= 0;
		countdown = -1;
		if (all) {
			cr_assert_eq(err, SFMFA_OK);
			config_release(config);
			return n;
		}
		cr_assert_eq(err, SFMFA_ERR_NO_MEMORY, "allocation %ld: %s", n, diag.text);
		cr_assert_null(config);
	}
}

Test(memory, a_load_that_runs_out_of_memory_is_an_error)
{
	cr_expect_gt(sweep(load_files), 20);
}

Test(memory, the_last_good_configuration_does_the_same)
{
	struct config *config = folder_load(&folder);
	struct diag diag = { 0 };
	cr_assert_eq(last_good_keep(config, folder.state_dir, &diag), SFMFA_OK);
	config_release(config);
	cr_expect_gt(sweep(load_last_good), 10);
}

Test(memory, the_paths_alone_do_the_same)
{
	cr_expect_gt(sweep(load_paths), 2);
}
