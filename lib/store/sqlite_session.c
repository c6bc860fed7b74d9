/* Sessions and the names by which a login hands its proof over to one (rules 7c and 8). */
#include <string.h>

#include "base/text.h"
#include "store/sqlite_private.h"

/* A login's proof, found by its name. */
struct proof {
	bool good;
	enum factor method;
	int64_t generation, wall, boot;
};

static bool
is_none(const unsigned char hash[HASH_SIZE])
{
	static const unsigned char none[HASH_SIZE];

	return memcmp(hash, none, sizeof none) == 0;
}

enum sfmfa_err
handover_write(struct database *database, int64_t user_id, int64_t generation,
	       const struct store_handover *handover, const struct moment *now, struct diag *diag)
{
	QUERY_AUTO query = { 0 };

	if (is_none(handover->hash))
		return SFMFA_OK;
	query_begin(&query, database, STATEMENT_GUARD_HANDOVER);
	query_number(&query, user_id);
	query_bytes(&query, handover->hash, HASH_SIZE);
	query_text(&query, handover->service != NULL ? handover->service : "");
	query_text(&query, factor_key(handover->method));
	query_number(&query, generation);
	query_number(&query, now->wall);
	query_number(&query, now->boot);
	return query_run(&query, diag);
}

/* By both clocks: one that was set back does not make a name last. */
static bool
is_young(const struct proof *proof, const struct moment *now)
{
	int64_t wall = now->wall - proof->wall, boot = now->boot - proof->boot;

	return wall >= 0 && wall <= STORE_HANDOVER_SECONDS && boot >= 0 && boot <= STORE_HANDOVER_SECONDS;
}

static void
proof_from_row(struct query *query, const struct store_session_open *session, struct proof *proof)
{
	char service[SERVICE_NAME_SIZE], method[NAME_SIZE];

	query_column_text(query, 0, service, sizeof service);
	query_column_text(query, 1, method, sizeof method);
	proof->generation = query_column(query, 2);
	proof->wall = query_column(query, 3);
	proof->boot = query_column(query, 4);
	proof->good = factor_from_key(method, &proof->method) == SFMFA_OK &&
		      text_equals(service, session->service) && is_young(proof, &session->now);
}

/* A name is used up by being shown, good or not. */
static enum sfmfa_err
redeem(struct database *database, const struct row *row, const struct store_session_open *session,
       struct proof *ret_proof, struct diag *diag)
{
	struct proof proof = { 0 };
	enum sfmfa_err err;
	bool found;
	QUERY_AUTO find = { 0 }, take = { 0 };

	if (is_none(session->handover_hash))
		return SFMFA_OK;
	query_begin(&find, database, STATEMENT_HANDOVER_FIND);
	query_number(&find, row->id);
	query_bytes(&find, session->handover_hash, HASH_SIZE);
	found = query_row(&find);
	if (found)
		proof_from_row(&find, session, &proof);
	err = query_end(&find, diag);
	if (err != SFMFA_OK || !found)
		return err;
	query_finish(&find);
	query_begin(&take, database, STATEMENT_HANDOVER_TAKE);
	query_number(&take, row->id);
	query_bytes(&take, session->handover_hash, HASH_SIZE);
	err = query_run(&take, diag);
	if (err == SFMFA_OK && proof.good)
		*ret_proof = proof;
	return err;
}

static bool
is_recordable(const struct store_session_open *session)
{
	const struct session_place *place = &session->place;

	return name_is_usable(session->user, USER_NAME_SIZE) &&
	       name_is_usable(session->service, SERVICE_NAME_SIZE) && place->boot_id[0] != '\0' &&
	       (place->audit >= 0 || (place->leader > 0 && place->tty[0] != '\0'));
}

static enum sfmfa_err
insert(struct database *database, const struct row *row, const struct store_session_open *session,
       const struct proof *proof, struct diag *diag)
{
	const struct session_place *place = &session->place;
	QUERY_AUTO query = { 0 };

	query_begin(&query, database, STATEMENT_SESSION_NEW);
	query_number(&query, row->id);
	query_text(&query, session->service);
	query_number(&query, session->login_type);
	query_text(&query, place->boot_id);
	if (place->audit >= 0)
		query_number(&query, place->audit);
	else
		query_text(&query, NULL);
	query_number(&query, place->leader);
	query_number(&query, place->leader_start);
	query_text(&query, place->tty);
	query_number(&query, session->now.wall);
	query_text(&query, proof->good ? factor_key(proof->method) : factor_key(FACTOR_PASSWORD));
	query_number(&query, proof->good ? proof->wall : 0);
	query_number(&query, proof->good ? proof->boot : 0);
	query_text(&query, session->proved_by != NULL ? session->proved_by : "");
	query_number(&query, proof->good ? proof->generation : row->generation);
	return query_run(&query, diag);
}

/* Whose end nobody told: the host was started anew, or sshd was killed. */
static enum sfmfa_err
forget_others(struct database *database, int64_t user_id, const char *boot_id, struct diag *diag)
{
	enum sfmfa_err err;
	QUERY_AUTO boots = { 0 };

	query_begin(&boots, database, STATEMENT_SESSION_OTHER_BOOTS);
	query_number(&boots, user_id);
	query_text(&boots, boot_id);
	err = query_run(&boots, diag);
	return err == SFMFA_OK ? QUERY_RUN_NUMBERS(database, STATEMENT_SESSION_FORGET, diag, user_id, STORE_SESSIONS_MAX)
			       : err;
}

enum sfmfa_err
apply_session_open(struct database *database, struct store_session_open *session, struct diag *diag)
{
	struct row row = { 0 };
	struct proof proof = { 0 };
	enum sfmfa_err err;

	if (!is_recordable(session))
		return SFMFA_ERR_INVALID;
	err = row_find(database, session->user, &row, diag);
	if (err == SFMFA_ERR_NOT_FOUND && session->make_user)
		err = row_make(database, session->user, session->is_virtual, &row, diag);
	if (err == SFMFA_OK)
		err = redeem(database, &row, session, &proof, diag);
	if (err == SFMFA_OK)
		err = insert(database, &row, session, &proof, diag);
	if (err != SFMFA_OK)
		return err;
	session->id = sqlite3_last_insert_rowid(database->handle);
	session->proved = proof.good;
	return forget_others(database, row.id, session->place.boot_id, diag);
}

enum sfmfa_err
apply_session_close(struct database *database, int64_t user_id, int64_t id, struct diag *diag)
{
	return QUERY_RUN_NUMBERS(database, STATEMENT_SESSION_END, diag, user_id, id);
}

static void
session_from_row(struct query *query, struct session_record *session)
{
	struct session_place *place = &session->place;
	char method[NAME_SIZE];

	memset(session, 0, sizeof *session);
	session->id = query_column(query, 0);
	query_column_text(query, 1, session->user, sizeof session->user);
	query_column_text(query, 2, session->service, sizeof session->service);
	session->login_type = (enum login_type)query_column_within(query, 3, LOGIN_UI, LOGIN_EXEMPT);
	query_column_text(query, 4, place->boot_id, sizeof place->boot_id);
	place->audit = query_column_is_null(query, 5) ? -1 : query_column(query, 5);
	place->leader = query_column(query, 6);
	place->leader_start = query_column(query, 7);
	query_column_text(query, 8, place->tty, sizeof place->tty);
	session->opened_at = query_column(query, 9);
	query_column_text(query, 10, method, sizeof method);
	session->proved_at.wall = query_column(query, 11);
	session->proved_at.boot = query_column(query, 12);
	memcpy(session->proved_at.boot_id, place->boot_id, sizeof place->boot_id);
	query_column_text(query, 13, session->proved_by, sizeof session->proved_by);
	session->generation = query_column(query, 14);
	session->user_generation = query_column(query, 15);
	session->frozen_at = query_column(query, 16);
	session->locked_at = query_column(query, 17);
	/* What a later version knows and this one does not proves nothing here. */
	if (factor_from_key(method, &session->method) != SFMFA_OK) {
		session->method = FACTOR_PASSWORD;
		session->proved_at.wall = 0;
	}
}

static enum sfmfa_err
read_session(struct query *query, struct session_record *ret_session, struct diag *diag)
{
	struct session_record session;
	bool found = query_row(query);
	enum sfmfa_err err;

	if (found)
		session_from_row(query, &session);
	err = query_end(query, diag);
	if (err != SFMFA_OK)
		return err;
	if (!found)
		return SFMFA_ERR_NOT_FOUND;
	*ret_session = session;
	return SFMFA_OK;
}

enum sfmfa_err
sqlite_find_session(struct store *store, const struct session_place *place, struct session_record *ret_session,
		    struct diag *diag)
{
	struct database *database = &sqlite_of(store)->main;
	enum sfmfa_err err = SFMFA_ERR_NOT_FOUND;

	sqlite_refresh(sqlite_of(store));
	if (place->boot_id[0] == '\0')
		return SFMFA_ERR_NOT_FOUND;
	if (place->audit >= 0) {
		QUERY_AUTO query = { 0 };

		query_begin(&query, database, STATEMENT_SESSION_BY_AUDIT);
		query_text(&query, place->boot_id);
		query_number(&query, place->audit);
		err = read_session(&query, ret_session, diag);
	}
	if (err == SFMFA_ERR_NOT_FOUND && place->leader > 0 && place->tty[0] != '\0') {
		QUERY_AUTO query = { 0 };

		query_begin(&query, database, STATEMENT_SESSION_BY_LEADER);
		query_text(&query, place->boot_id);
		query_number(&query, place->leader);
		query_number(&query, place->leader_start);
		query_text(&query, place->tty);
		err = read_session(&query, ret_session, diag);
	}
	return err;
}
