/*
 * What a use case may touch: configuration, store, keys, clock, randomness. Made once by the
 * daemon, by tests with fakes of their own; nothing in lib/auth reaches outside it.
 */
#ifndef SFMFA_AUTH_ENV_H
#define SFMFA_AUTH_ENV_H

#include <stdbool.h>

#include "config/config.h"
#include "crypto/crypto.h"
#include "model/event.h"
#include "store/store.h"

/* Both clocks. SFMFA_ERR_CLOCK. */
struct clock {
	enum sfmfa_err (*now)(void *data, struct moment *ret_now);
	void *data;
};

/* Where events go: the daemon's queue, which writes the log line and the row. A login never sees it fail. */
struct event_sink {
	void (*take)(void *data, const struct event *event);
	void *data;
};

/* When a process started, clock ticks since boot. SFMFA_ERR_NOT_FOUND: there is none. */
struct processes {
	enum sfmfa_err (*start)(void *data, pid_t pid, int64_t *ret_start);
	void *data;
};

struct env {
	struct config *config; /* the snapshot in force; NULL: nothing was ever good (rules 3.3) */
	bool config_stale;     /* the files differ from it and do not load */
	struct diag config_diag; /* why */
	struct config *fallback; /* config_scan_paths(): lists as shipped, while config is NULL */
	struct store *store;   /* NULL: cannot be opened */
	struct keyring keyring; /* not ready: nothing that needs a secret works, all else does */
	struct secret sealing_key; /* the one that unwrapped it; empty: none did */
	const char *key_file;  /* where the daemon read it from, for who brings a new one; NULL: nowhere */
	struct clock clock;
	struct processes processes;
	struct event_sink events;
	char host[HOST_SIZE];  /* host name, the default issuer */
};

/* CLOCK_REALTIME and CLOCK_BOOTTIME of the system. boot_id: "", filled by the first reading; outlives the clock. */
struct clock
clock_system(char boot_id[BOOT_ID_SIZE]);

/* As /proc tells. */
struct processes
processes_system(void);

/*
 * Weekday and minute in a zone (files of /usr/share/zoneinfo). SFMFA_ERR_CONFIG: unknown zone; SFMFA_ERR_CLOCK:
 * before 3 January 1970 or after the year 9999.
 */
struct local_time;
enum sfmfa_err
clock_local_time(const char *zone, int64_t unix_seconds, struct local_time *ret_local) SFMFA_MUST_USE;

/*
 * The data keys, unwrapped with this sealing key, which is kept; the daemon tries the key file and the one beside it
 * (key_file.new). Made anew only where the store has none at all. SFMFA_ERR_CRYPTO: wrapped with another
 * key, damaged, or no key given; SFMFA_ERR_STORE. On failure keyring and sealing_key stay as they are.
 */
enum sfmfa_err
env_open_keys(struct env *env, const struct secret *sealing_key, struct diag *diag) SFMFA_MUST_USE;

#endif
