/* A configuration of its own for each test, in a temporary folder. */
#ifndef TESTS_UNIT_CONFIG_FOLDER_H
#define TESTS_UNIT_CONFIG_FOLDER_H

#include <criterion/criterion.h>
#include <stdio.h>

#include "config/config.h"

struct folder {
	char path[64];      /* holds sfmfa.conf, profiles.d …, and state */
	char state_dir[96];
	char file[96];      /* sfmfa.conf */
	struct config_options options;
};

/* With an sfmfa.conf that says only where it is, and the profile "standard". */
void
folder_make(struct folder *folder);
void
folder_remove(struct folder *folder);

/* Writes a file below the folder, 0644. */
void
folder_write(const struct folder *folder, const char *name, const char *text);
/* sfmfa.conf: its config_dir on the first line, the text from the second line on. */
void
folder_write_settings(const struct folder *folder, const char *text);

/* A text in one file of a folder that is good otherwise, and what is said of it. */
#define CONF "sfmfa.conf" /* its text begins on line 2 */
#define PROF "profiles.d/p.conf"
#define PSET "permission-sets.d/a.conf"
#define PGRP "permission-set-groups.d/g.conf"
struct fault {
	const char *file, *text;
	unsigned line;
	const char *says; /* part of the diagnosis */
};

/* In a folder of its own: the faults of others must not be there. */
void
folder_expect_fault(const struct fault *fault);

/* Loads what must be good. */
struct config *
folder_load(const struct folder *folder);
/* Loads what must be refused; returns the diagnosis. */
struct diag
folder_refuse(const struct folder *folder, enum sfmfa_err expected);

#endif
