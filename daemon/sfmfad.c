/*
 * sfmfad: decides logins for pam_sfmfa, answers sfmfa, keeps the secrets. It starts as root or as
 * whoever it is, reads what only that uid may read, becomes run_as, and then touches its state.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "daemon/configuration.h"
#include "daemon/key.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/privilege.h"
#include "daemon/server.h"

#define EXIT_USAGE     2
#define EXIT_COULD_NOT 3

static bool
store_exists(const char *state_dir)
{
	char path[PATH_MAX];
	struct stat st;

	if (text_format(path, sizeof(path), "%s/sfmfa.db", state_dir) != SFMFA_OK)
		return true;
	return lstat(path, &st) == 0 || errno != ENOENT;
}

/*
 * The sealing key. It is made only where there is no store either: with another key an existing store
 * would be unreadable for ever.
 */
static enum sfmfa_err
open_key(const struct settings *settings, uid_t owner, gid_t group, struct key_files *ret_files, struct diag *diag)
{
	struct diag told = { 0 };
	enum sfmfa_err err = key_files_read(settings->key_file, owner, ret_files, diag, &told);

	if (err == SFMFA_ERR_NOT_FOUND && !store_exists(settings->state_dir)) {
		err = key_make(settings->key_file, group, diag);
		if (err == SFMFA_OK || err == SFMFA_ERR_EXISTS)
			err = key_files_read(settings->key_file, owner, ret_files, diag, &told);
	}
	if (err == SFMFA_OK && told.text[0] != '\0')
		log_diag(LOG_WARNING, SFMFA_ERR_CRYPTO, &told);
	return err;
}

static enum sfmfa_err
make_folders(const struct settings *settings, const struct run_as *run_as, bool once, struct diag *diag)
{
	const struct run_as self = { geteuid(), getegid() };
	const struct file_trust trust = { .owner = run_as->uid };
	enum sfmfa_err err = privilege_make_folder(settings->state_dir, 0700, run_as, diag);

	if (err == SFMFA_OK && !once)
		err = privilege_make_folder(settings->runtime_dir, 0755, &self, diag);
	/* Where anybody can take a socket away, nobody is served: clients would find one of somebody else's. */
	return err == SFMFA_OK && !once ? file_check_folder(settings->runtime_dir, &trust, diag) : err;
}

/* What needs the uid the daemon starts with. */
static enum sfmfa_err
prepare(struct server *server, const struct options *options, struct diag *diag)
{
	const struct settings *settings;
	struct run_as run_as;
	struct diag key_diag = { 0 };
	bool once = options->once_fd >= 0;
	uid_t owner = geteuid();
	enum sfmfa_err err;

	/* A process of one login would gain nothing by it. */
	if (!once && crypto_prepare() != SFMFA_OK)
		return diag_set(diag, SFMFA_ERR_CRYPTO, "", 0, "OpenSSL cannot be used");
	err = configuration_start(&server->env, &server->config_options, &server->paths,
	                          once ? NULL : &server->config_fd, diag);
	if (err != SFMFA_OK)
		return err;
	settings = &server->paths->settings;
	err = privilege_find(settings->run_as, &run_as, diag);
	if (err == SFMFA_OK)
		err = make_folders(settings, &run_as, once, diag);
	if (err != SFMFA_OK)
		return err;
	/*
	 * Without a key logins that owe nothing go on; what needs one is denied. But a key that is there would be
	 * missed for as long as the daemon lives: only now may it be read.
	 */
	server->env.key_file = settings->key_file;
	err = open_key(settings, owner, run_as.gid, &server->key_files, &key_diag);
	if (err == SFMFA_ERR_NO_MEMORY) {
		*diag = key_diag;
		return err;
	}
	if (err != SFMFA_OK)
		log_diag(LOG_ERR, err, &key_diag);
	if (!once) {
		err = listeners_open(settings->runtime_dir, &server->listeners, diag);
		if (err != SFMFA_OK)
			return err;
		if (!options->foreground && !server->listeners.activated && daemon(0, 0) != 0)
			return diag_set(diag, SFMFA_ERR_SYSTEM, "", 0, "cannot detach: %s", strerror(errno));
	}
	return privilege_drop(&run_as, diag);
}

static enum sfmfa_err
serve(struct server *server, const struct options *options, struct diag *diag)
{
	enum sfmfa_err err;

	configuration_fall_back(&server->env, &server->config_options);
	err = server_init(server, diag);
	if (err != SFMFA_OK)
		return err;
	server_open_state(server);
	server_keep_configuration(server);
	return server_run(server, options->once_fd, diag);
}

/* --make-key: for packages and for administrators who want it made before the first start. */
static int
make_key(const struct config_options *config_options, struct env *env)
{
	struct key_files files = KEY_FILES_NONE;
	struct config *paths = NULL;
	struct run_as run_as;
	struct diag diag = { 0 };
	char line[DIAG_LINE_SIZE];
	enum sfmfa_err err;

	err = configuration_start(env, config_options, &paths, NULL, &diag);
	if (err == SFMFA_OK)
		err = privilege_find(paths->settings.run_as, &run_as, &diag);
	if (err == SFMFA_OK)
		err = open_key(&paths->settings, config_options->owner, run_as.gid, &files, &diag);
	key_files_clear(&files);
	config_release(paths);
	config_release(env->config);
	config_release(env->fallback);
	if (err == SFMFA_OK)
		return 0;
	diag_format(&diag, line);
	fprintf(stderr, "sfmfad: %s\n", line);
	return EXIT_COULD_NOT;
}

int
main(int argc, char **argv)
{
	struct options options;
	struct server server = { .listeners = LISTENERS_NONE, .config_fd = -1, .key_files = KEY_FILES_NONE };
	struct diag diag = { 0 };
	char line[DIAG_LINE_SIZE];
	enum sfmfa_err err;

	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_SHOWN: return 0;
	case OPTIONS_USAGE: return EXIT_USAGE;
	case OPTIONS_RUN: break;
	}
	umask(077);
	log_open(options.foreground || options.make_key);
	server.config_options = (struct config_options){
		.file = options.config, .runtime_dir = options.runtime_dir, .owner = geteuid(),
	};
	server.env.clock = clock_system(server.boot_id);
	server.env.processes = processes_system();
	if (gethostname(server.env.host, sizeof(server.env.host) - 1) != 0)
		server.env.host[0] = '\0';
	if (options.make_key)
		return make_key(&server.config_options, &server.env);
	err = prepare(&server, &options, &diag);
	if (err == SFMFA_OK)
		err = serve(&server, &options, &diag);
	/* However far it came: the keys are wiped. */
	server_finish(&server);
	if (err == SFMFA_OK)
		return 0;
	log_diag(LOG_ERR, err, &diag);
	if (!options.foreground && options.once_fd < 0) {
		diag_format(&diag, line);
		fprintf(stderr, "sfmfad: %s\n", line);
	}
	return EXIT_COULD_NOT;
}
