/*
 * Imports. Rows wait in a temporary database of this connection, which SQLite keeps in a file of its own, unlinked:
 * neither memory nor the write-ahead log grows with them, nobody else sees them, and nothing is left of them
 * when the import or the connection ends. Then one transaction takes all of them over.
 */
#include <string.h>

#include "base/secret.h"
#include "store/sqlite_private.h"

#define CODES_SIZE ((size_t)STORE_RECOVERY_MAX * HASH_SIZE)

static bool
is_import(const struct store_op *op)
{
	return op->kind == STORE_IMPORT_STAGE || op->kind == STORE_IMPORT_APPLY;
}

void
import_attach(struct database *database, struct store_op *const ops[], size_t count)
{
	bool wanted = false;

	for (size_t at = 0; at < count; at++)
		wanted = wanted || is_import(ops[at]);
	if (!wanted || database->has_stage || database->handle == NULL)
		return;
	/* Without it the operation finds no table, and fails alone. */
	database->has_stage = sqlite3_exec(database->handle, "PRAGMA temp_store = FILE; ATTACH '' AS stage", NULL, NULL,
					   NULL) == SQLITE_OK;
	/* All else that is temporary is in memory: a login makes no file. */
	(void)sqlite3_exec(database->handle, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
}

void
import_detach(struct database *database, struct store_op *const ops[], size_t count)
{
	bool over = false;

	for (size_t at = 0; at < count; at++)
		over = over || ops[at]->kind == STORE_IMPORT_APPLY;
	if (over && database->has_stage &&
	    sqlite3_exec(database->handle, "DETACH stage", NULL, NULL, NULL) == SQLITE_OK)
		database->has_stage = false;
}

static enum sfmfa_err
begin_stage(struct database *database, struct diag *diag)
{
	enum sfmfa_err err = query_simple(database, STATEMENT_IMPORT_TABLE, diag);

	return err == SFMFA_OK ? query_simple(database, STATEMENT_IMPORT_CLEAR, diag) : err;
}

static bool
is_usable(const struct store_import_row *row)
{
	return name_is_usable(row->user, USER_NAME_SIZE) && row->recovery_count <= STORE_RECOVERY_MAX &&
	       row->sealed_size <= sizeof row->sealed;
}

static enum sfmfa_err
stage_row(struct database *database, int64_t import, struct store_import_row *row, struct diag *diag)
{
	enum sfmfa_err err;
	QUERY_AUTO query = { 0 };

	if (!is_usable(row))
		return SFMFA_ERR_INVALID;
	query_begin(&query, database, STATEMENT_IMPORT_STAGE);
	query_number(&query, import);
	query_text(&query, row->user);
	query_number(&query, row->is_virtual);
	query_number(&query, row->params.algorithm);
	query_number(&query, row->params.digits);
	query_number(&query, row->params.period);
	query_bytes(&query, row->sealed, row->sealed_size);
	query_number(&query, row->last_step);
	query_bytes(&query, row->recovery_hashes, row->recovery_count * HASH_SIZE);
	err = query_run(&query, diag);
	if (err == SFMFA_OK)
		row->twice = sqlite3_changes(database->handle) == 0;
	return err;
}

enum sfmfa_err
apply_import_stage(struct database *database, struct store_import *import, struct diag *diag)
{
	enum sfmfa_err err = import->begins ? begin_stage(database, diag) : SFMFA_OK;

	for (size_t at = 0; at < import->count && err == SFMFA_OK; at++)
		err = stage_row(database, import->id, &import->rows[at], diag);
	return err;
}

/* The first staged row whose user comes after this one. */
static enum sfmfa_err
next_row(struct database *database, int64_t import, const char *after, struct store_import_row *ret_row,
	 struct diag *diag)
{
	bool found;
	enum sfmfa_err err;
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_IMPORT_NEXT);
	query_number(&query, import);
	query_text(&query, after);
	found = query_row(&query);
	if (found) {
		memset(ret_row, 0, sizeof *ret_row);
		query_column_text(&query, 0, ret_row->user, sizeof ret_row->user);
		ret_row->is_virtual = query_column(&query, 1) != 0;
		ret_row->params.algorithm = (enum totp_algorithm)query_column_within(&query, 2, TOTP_SHA1, TOTP_SHA512);
		ret_row->params.digits =
			(unsigned)query_column_within(&query, 3, TOTP_DIGITS_MIN, TOTP_DIGITS_MAX);
		ret_row->params.period =
			(unsigned)query_column_within(&query, 4, TOTP_PERIOD_MIN, TOTP_PERIOD_MAX);
		ret_row->sealed_size = query_column_bytes(&query, 5, ret_row->sealed, sizeof ret_row->sealed);
		ret_row->last_step = query_column(&query, 6);
		ret_row->recovery_count =
			query_column_bytes(&query, 7, ret_row->recovery_hashes, CODES_SIZE) / HASH_SIZE;
	}
	err = query_end(&query, diag);
	if (err != SFMFA_OK)
		return err;
	return found ? SFMFA_OK : SFMFA_ERR_NOT_FOUND;
}

static enum sfmfa_err
write_row(struct database *database, const struct store_import *import, const struct store_import_row *from,
	  const struct row *row, struct diag *diag)
{
	struct store_register registration = {
		.user = from->user,
		.is_virtual = from->is_virtual,
		.generation = row->generation,
		.replace = true,
		.app = { .state = APP_PENDING, .params = from->params, .registered_at = import->now.wall },
		.last_step = from->last_step,
		.recovery_count = from->recovery_count,
		.now = import->now,
	};
	enum sfmfa_err err = SFMFA_OK;

	registration.app.sealed_size = from->sealed_size;
	memcpy(registration.app.sealed, from->sealed, from->sealed_size);
	memcpy(registration.recovery_hashes, from->recovery_hashes, sizeof registration.recovery_hashes);
	/* Those of the app that goes go with it. */
	if (row->state != APP_NONE)
		err = QUERY_RUN_NUMBERS(database, STATEMENT_RECOVERY_CLEAR, diag, row->id);
	return err == SFMFA_OK ? apply_register(database, &registration, diag) : err;
}

static enum sfmfa_err
take_row(struct database *database, struct store_import *import, const struct store_import_row *from,
	 struct diag *diag)
{
	struct row row = { 0 };
	enum sfmfa_err err = row_find(database, from->user, &row, diag);

	if (err != SFMFA_OK && err != SFMFA_ERR_NOT_FOUND)
		return err;
	if (err == SFMFA_OK && row.is_virtual != from->is_virtual) {
		memcpy(import->mixed_up, from->user, sizeof import->mixed_up);
		return SFMFA_ERR_EXISTS;
	}
	if (row.state != APP_NONE && !import->replace) {
		import->kept++;
		return SFMFA_OK;
	}
	if (row.state != APP_NONE)
		import->replaced++;
	else
		import->made++;
	return import->dry_run ? SFMFA_OK : write_row(database, import, from, &row, diag);
}

enum sfmfa_err
apply_import(struct database *database, struct store_import *import, struct diag *diag)
{
	struct store_import_row row = { .user = "" };
	int64_t seen = 0;
	enum sfmfa_err err;

	/* Nothing was ever staged, or another connection did it: there is no table, or not with these rows. */
	err = query_simple(database, STATEMENT_IMPORT_TABLE, diag);
	while (err == SFMFA_OK) {
		char after[USER_NAME_SIZE];

		memcpy(after, row.user, sizeof after);
		err = next_row(database, import->id, after, &row, diag);
		if (err == SFMFA_OK) {
			seen++;
			err = take_row(database, import, &row, diag);
		}
	}
	if (err != SFMFA_ERR_NOT_FOUND)
		return err;
	return seen == import->expected ? query_simple(database, STATEMENT_IMPORT_CLEAR, diag) : SFMFA_ERR_CHANGED;
}
