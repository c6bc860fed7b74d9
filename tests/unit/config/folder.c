#include "folder.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
folder_write(const struct folder *folder, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	FILE *stream = fopen(path, "w");
	cr_assert_not_null(stream, "%s", path);
	cr_assert_eq(fwrite(text, 1, strlen(text), stream), strlen(text));
	cr_assert_eq(fclose(stream), 0);
	cr_assert_eq(chmod(path, 0644), 0);
}

void
folder_write_settings(const struct folder *folder, const char *text)
{
	size_t size = strlen(text) + 256;
	char *whole = malloc(size);
	cr_assert_not_null(whole);
	snprintf(whole, size, "config_dir = \"%s\";\n%s", folder->path, text);
	folder_write(folder, "sfmfa.conf", whole);
	free(whole);
}

void
folder_make(struct folder *folder)
{
	static const char *const inside[] = { "profiles.d", "permission-sets.d", "permission-set-groups.d",
					      "apps.d", "state" };
	char path[256];
	umask(022);
	strcpy(folder->path, "/tmp/sfmfa-config-XXXXXX");
	cr_assert_not_null(mkdtemp(folder->path));
	for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder->path, inside[i]);
		cr_assert_eq(mkdir(path, 0755), 0);
	}
	snprintf(folder->file, sizeof(folder->file), "%s/sfmfa.conf", folder->path);
	snprintf(folder->state_dir, sizeof(folder->state_dir), "%s/state", folder->path);
	folder->options = (struct config_options){ .file = folder->file, .owner = geteuid() };
	folder_write_settings(folder, "");
	folder_write(folder, "profiles.d/standard.conf",
		     "permissions = [ \"api-enabled\" ];\npriority = 1000;\n");
}

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	return remove(path);
}

void
folder_remove(struct folder *folder)
{
	nftw(folder->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct config *
folder_load(const struct folder *folder)
{
	struct config *config = NULL;
	struct diag diag = { 0 };
	char line[DIAG_LINE_SIZE] = "";
	enum sfmfa_err err = config_load(&folder->options, &config, &diag);
	if (err)
		diag_format(&diag, line);
	cr_assert_eq(err, SFMFA_OK, "%s", line);
	cr_assert_not_null(config);
	return config;
}

struct diag
folder_refuse(const struct folder *folder, enum sfmfa_err expected)
{
	struct config *config = NULL;
	struct diag diag = { 0 };
	enum sfmfa_err err = config_load(&folder->options, &config, &diag);
	cr_assert_eq(err, expected, "%s: %s", sfmfa_err_word(err), diag.text);
	cr_assert_null(config);
	return diag;
}

void
folder_expect_fault(const struct fault *fault)
{
	struct folder folder;
	char path[256];
	folder_make(&folder);
	if (strcmp(fault->file, CONF) == 0)
		folder_write_settings(&folder, fault->text);
	else
		folder_write(&folder, fault->file, fault->text);
	struct diag diag = folder_refuse(&folder, SFMFA_ERR_CONFIG);
	snprintf(path, sizeof(path), "%s/%s", folder.path, fault->file);
	cr_expect_str_eq(diag.file, path);
	cr_expect_eq(diag.line, fault->line, "%s: line %u, not %u: %s", fault->text, diag.line, fault->line,
		     diag.text);
	cr_expect(strstr(diag.text, fault->says), "%s: %s", fault->text, diag.text);
	folder_remove(&folder);
}
