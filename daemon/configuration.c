#include "daemon/configuration.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <syslog.h>
#include <unistd.h>

#include "base/text.h"
#include "config/last_good.h"
#include "daemon/log.h"

/* consequence: what holds now. */
static void
note_broken(struct env *env, enum sfmfa_err err, const struct diag *diag, const char *consequence)
{
	char line[DIAG_LINE_SIZE];

	env->config_stale = true;
	env->config_diag = *diag;
	diag_format(diag, line);
	log_line(LOG_ERR, "the configuration is broken (%s)%s: %s", sfmfa_err_word(err), consequence, line);
}

/* Nobody is asked again until the files change. */
static void
note_unresolved(const struct config *config)
{
	for (size_t i = 0; i < config->settings.trusted_caller_count; i++) {
		const struct trusted_caller *caller = &config->settings.trusted_callers[i];

		if (!caller->resolved)
			log_line(LOG_WARNING, "user \"%s\" of trusted_callers was not found and is trusted with nothing",
			         caller->user);
	}
}

/* The files, with a watch on them that was there first. */
static enum sfmfa_err
load_watched(struct env *env, const struct config_options *options, int *watch_fd, struct diag *diag)
{
	enum sfmfa_err err;

	if (watch_fd != NULL)
		configuration_watch(env->fallback, options->file, watch_fd);
	err = config_load(options, &env->config, diag);
	if (err != SFMFA_OK || watch_fd == NULL ||
	    text_equals(env->config->settings.config_dir, env->fallback->settings.config_dir))
		return err;
	/* The line scan had found another folder: this one was read unwatched. */
	configuration_watch(env->config, options->file, watch_fd);
	config_release(env->config);
	env->config = NULL;
	return config_load(options, &env->config, diag);
}

enum sfmfa_err
configuration_start(struct env *env, const struct config_options *options, struct config **ret_paths, int *watch_fd,
                    struct diag *diag)
{
	struct diag broken = { 0 };
	enum sfmfa_err err;

	err = config_scan_paths(options, &env->fallback);
	if (err != SFMFA_OK)
		return diag_set(diag, err, options->file, 0, "not even the paths could be found");
	err = load_watched(env, options, watch_fd, &broken);
	/* The files may be in order. What restarts the daemon tries again; the last good one might be older. */
	if (err == SFMFA_ERR_NO_MEMORY) {
		config_release(env->fallback);
		env->fallback = NULL;
		*diag = broken;
		return err;
	}
	if (err != SFMFA_OK) {
		env->config = NULL;
		note_broken(env, err, &broken, "");
	} else {
		note_unresolved(env->config);
	}
	*ret_paths = config_hold(err == SFMFA_OK ? env->config : env->fallback);
	return SFMFA_OK;
}

void
configuration_fall_back(struct env *env, const struct config_options *options)
{
	struct diag diag = { 0 };
	enum sfmfa_err err;

	if (env->config != NULL || !env->config_stale)
		return;
	err = last_good_load(options, env->fallback->settings.state_dir, &env->config, &diag);
	if (err == SFMFA_OK) {
		log_line(LOG_WARNING, "the last good configuration is in force");
		return;
	}
	env->config = NULL;
	if (err != SFMFA_ERR_NOT_FOUND)
		log_diag(LOG_ERR, err, &diag);
	log_line(LOG_ERR, "there is no last good configuration: logins are denied");
}

enum sfmfa_err
configuration_reload(struct env *env, const struct config_options *options)
{
	struct config *config = NULL;
	struct diag diag = { 0 };
	enum sfmfa_err err;

	err = config_load(options, &config, &diag);
	if (err != SFMFA_OK) {
		note_broken(env, err, &diag, env->config != NULL ? ", the last good one stays in force" : ", there is no last good one");
		return err;
	}
	config_release(env->config);
	env->config = config;
	env->config_stale = false;
	env->config_diag = (struct diag){ 0 };
	log_line(LOG_INFO, "the configuration was read: %zu profiles, %zu permission sets, %zu permission set groups, %zu apps",
	         config->profile_count, config->set_count, config->group_count, config->app_count);
	note_unresolved(config);
	return SFMFA_OK;
}

bool
configuration_keep(const struct env *env, const char *state_dir, bool quiet)
{
	struct diag diag = { 0 };
	enum sfmfa_err err;

	if (env->config == NULL || env->config_stale)
		return true;
	err = last_good_keep(env->config, state_dir, &diag);
	if (err != SFMFA_OK && !quiet)
		log_diag(LOG_WARNING, err, &diag);
	return err == SFMFA_OK;
}

static void
watch_folder(int fd, const char *parent, const char *child)
{
	const uint32_t mask = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
	                      IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
	char path[PATH_MAX];

	/* A folder that is not there yet is seen to come by the watch on its parent. */
	if (text_format(path, sizeof(path), "%s%s%s", parent, child[0] != '\0' ? "/" : "", child) == SFMFA_OK)
		(void)inotify_add_watch(fd, path, mask);
}

void
configuration_watch(const struct config *paths, const char *file, int *inout_fd)
{
	static const char *const folders[] = {
		"", "profiles.d", "permission-sets.d", "permission-set-groups.d", "apps.d",
	};
	char parent[PATH_MAX];
	char *slash;

	if (*inout_fd < 0)
		*inout_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (*inout_fd < 0) {
		log_line(LOG_WARNING, "the configuration cannot be watched, SIGHUP reads it anew: %s", strerror(errno));
		return;
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		watch_folder(*inout_fd, paths->settings.config_dir, folders[i]);
	if (text_copy(parent, sizeof(parent), file) == SFMFA_OK && (slash = strrchr(parent, '/')) != NULL) {
		slash[slash == parent ? 1 : 0] = '\0';
		watch_folder(*inout_fd, parent, "");
	}
}

bool
configuration_changed(int fd)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool changed = false;

	while (read(fd, events, sizeof(events)) > 0)
		changed = true;
	return changed;
}
