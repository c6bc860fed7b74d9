#include "migration.h"

#include <stdio.h>

#include "store/schema.h"

static const char next_step[] =
	"CREATE TABLE extra (user_id INTEGER PRIMARY KEY, note TEXT NOT NULL);"
	"INSERT INTO extra SELECT id, hex(zeroblob(500)) || name FROM user;"
	"ALTER TABLE user ADD COLUMN extra INTEGER NOT NULL DEFAULT 7;"
	"CREATE INDEX user_extra ON user (extra, name);"
	"UPDATE user SET extra = id;";

#define STEPS_MAX 64

struct database_kind
migration_kind(void)
{
	static const char *steps[STEPS_MAX];
	unsigned version = schema_main_version;

	/* All that there are, and one more. */
	for (unsigned i = 0; i < version && i < STEPS_MAX - 1; i++)
		steps[i] = schema_main[i];
	steps[version] = next_step;
	return (struct database_kind){
		.file = "sfmfa.db",
		.application_id = 0x53464d31,
		.steps = steps,
		.version = version + 1,
		.pragmas = "PRAGMA synchronous = FULL",
		.busy_milliseconds = 2500,
		.checkpoint_pages = 20,
		.wal_size = 1 << 20,
		.chunk_size = 1 << 20,
	};
}

int
migration_run(const char *folder)
{
	struct database_kind kind = migration_kind();
	struct database database = { 0 };
	struct diag diag = { 0 };

	if (database_open(&database, folder, &kind, &diag) != SFMFA_OK || database.read_only) {
		fprintf(stderr, "migrate: %s: %s\n", diag.file, diag.text);
		return 1;
	}
	(void)sqlite3_wal_checkpoint_v2(database.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	database_close(&database);
	return 0;
}
