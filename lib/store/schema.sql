-- The schema of both databases of the SQLite store.
--
-- Each section "-- @step DATABASE NUMBER" is one migration step; NUMBER is the schema version (PRAGMA
-- user_version) that it leads to. A step that was ever released is never edited: a change is a new step.
-- embed_schema.py turns the sections into C strings; comments do not survive.

-- @step main 1

-- What the store knows about itself. users: rows of user, kept by the triggers below: counting is no scan.
-- nobody: answers of users that do not exist; written so that they cost what those of others cost.
CREATE TABLE meta (
	name TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('users', 0), ('nobody', 0);

-- AUTOINCREMENT: an id is never used twice, so that a late attempt cannot meet another user under the old id.
-- maybe_locked: a guard of this user, of whichever caller, has locked_wall set (the lock may have lapsed).
-- generation: of the factors: changes with every enrolment and disconnect. frozen_at: last freeze. A proof of a
-- session from before either is void (rules 7c).
CREATE TABLE user (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	is_virtual INTEGER NOT NULL DEFAULT 0,
	frozen INTEGER NOT NULL DEFAULT 0,
	profile TEXT NOT NULL DEFAULT '',
	generation INTEGER NOT NULL DEFAULT 0,
	disconnected_by_other INTEGER NOT NULL DEFAULT 0,
	app_state INTEGER NOT NULL DEFAULT 0 CHECK (app_state BETWEEN 0 AND 2),
	assignment_count INTEGER NOT NULL DEFAULT 0,
	maybe_locked INTEGER NOT NULL DEFAULT 0,
	frozen_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX user_state ON user (app_state, name);
CREATE INDEX user_profile ON user (profile, name) WHERE profile <> '';
CREATE INDEX user_frozen ON user (name) WHERE frozen = 1;
CREATE INDEX user_locked ON user (name) WHERE maybe_locked = 1;

CREATE TRIGGER user_made AFTER INSERT ON user BEGIN
	UPDATE meta SET value = value + 1 WHERE name = 'users';
END;
CREATE TRIGGER user_gone AFTER DELETE ON user BEGIN
	UPDATE meta SET value = value - 1 WHERE name = 'users';
END;

-- The authenticator app, its shared secret sealed. The state is in user, where listings filter on it.
CREATE TABLE app (
	user_id INTEGER PRIMARY KEY REFERENCES user (id) ON DELETE CASCADE,
	algorithm INTEGER NOT NULL,
	digits INTEGER NOT NULL,
	period INTEGER NOT NULL,
	sealed BLOB NOT NULL,
	registered_at INTEGER NOT NULL,
	completed_at INTEGER NOT NULL DEFAULT 0
);

-- One row for the user (caller -1), made with the user, so that a login only ever updates in place; one for
-- every other caller uid that guessed in their name. last_step counts in row -1 only: a code is used once,
-- whoever asks.
-- handover 1 is the newest of four single-use login names (rules 8, "Sessions after sshd"), in row -1.
-- last_locked_at: when the newest lock began; outlives it (rules 7c).
CREATE TABLE guard (
	user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	caller INTEGER NOT NULL,
	last_step INTEGER NOT NULL DEFAULT 0,
	failures INTEGER NOT NULL DEFAULT 0,
	lock_count INTEGER NOT NULL DEFAULT 0,
	locked_wall INTEGER NOT NULL DEFAULT 0,
	locked_boot INTEGER NOT NULL DEFAULT 0,
	locked_boot_id TEXT NOT NULL DEFAULT '',
	lock_seconds INTEGER NOT NULL DEFAULT 0,
	busy_step INTEGER NOT NULL DEFAULT 0,
	compared INTEGER NOT NULL DEFAULT 0,
	near_misses INTEGER NOT NULL DEFAULT 0,
	failed_since_success INTEGER NOT NULL DEFAULT 0,
	last_failed_at INTEGER NOT NULL DEFAULT 0,
	last_locked_at INTEGER NOT NULL DEFAULT 0,
	handover1_hash BLOB, handover1_service TEXT, handover1_method TEXT, handover1_generation INTEGER,
	handover1_at INTEGER, handover1_boot INTEGER,
	handover2_hash BLOB, handover2_service TEXT, handover2_method TEXT, handover2_generation INTEGER,
	handover2_at INTEGER, handover2_boot INTEGER,
	handover3_hash BLOB, handover3_service TEXT, handover3_method TEXT, handover3_generation INTEGER,
	handover3_at INTEGER, handover3_boot INTEGER,
	handover4_hash BLOB, handover4_service TEXT, handover4_method TEXT, handover4_generation INTEGER,
	handover4_at INTEGER, handover4_boot INTEGER,
	PRIMARY KEY (user_id, caller)
) WITHOUT ROWID;

-- revoked_at 0: in force or expired. Revoked rows stay a while: a mail client that offers one is no guesser.
-- services: one a line, '' = every one. networks: 18 bytes each (local, bits, address), empty = everywhere.
CREATE TABLE token (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	label TEXT NOT NULL,
	hash BLOB NOT NULL,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL DEFAULT 0,
	revoked_at INTEGER NOT NULL DEFAULT 0,
	last_used_at INTEGER NOT NULL DEFAULT 0,
	last_used_from TEXT NOT NULL DEFAULT '',
	services TEXT NOT NULL DEFAULT '',
	networks BLOB NOT NULL DEFAULT x''
);
CREATE UNIQUE INDEX token_hash ON token (user_id, hash);
CREATE UNIQUE INDEX token_label ON token (user_id, label) WHERE revoked_at = 0;
CREATE INDEX token_live ON token (user_id) WHERE revoked_at = 0;
CREATE INDEX token_revoked ON token (user_id, revoked_at) WHERE revoked_at <> 0;

CREATE TABLE recovery_code (
	user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	hash BLOB NOT NULL,
	PRIMARY KEY (user_id, hash)
) WITHOUT ROWID;

CREATE TABLE temporary_code (
	user_id INTEGER PRIMARY KEY REFERENCES user (id) ON DELETE CASCADE,
	hash BLOB NOT NULL,
	valid_until INTEGER NOT NULL
);

-- When temporary codes were issued, for the limit of six an hour; outlives the code.
CREATE TABLE temporary_issue (
	id INTEGER PRIMARY KEY,
	user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	issued_at INTEGER NOT NULL
);
CREATE INDEX temporary_issue_user ON temporary_issue (user_id, issued_at);

-- kind: enum assignment_kind.
CREATE TABLE assignment (
	user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),
	name TEXT NOT NULL,
	assigned_by TEXT NOT NULL,
	assigned_at INTEGER NOT NULL,
	PRIMARY KEY (user_id, kind, name)
) WITHOUT ROWID;

-- Open sessions (rules 7c and 8, "Which session"); a session that ends is deleted. Found by (boot_id, audit_session)
-- where that is set, else by the session leader with its start time and terminal. method and proved_at are of the
-- session's own proof, proved_at 0: none; generation: of the user's factors then. proved_by: the user whose login it
-- was, where the session was opened for another one.
CREATE TABLE session (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	service TEXT NOT NULL,
	login_type INTEGER NOT NULL,
	boot_id TEXT NOT NULL,
	audit_session INTEGER,
	leader INTEGER NOT NULL DEFAULT 0,
	leader_start INTEGER NOT NULL DEFAULT 0,
	tty TEXT NOT NULL DEFAULT '',
	opened_at INTEGER NOT NULL,
	method TEXT NOT NULL,
	proved_at INTEGER NOT NULL DEFAULT 0,
	proved_boot INTEGER NOT NULL DEFAULT 0,
	proved_by TEXT NOT NULL DEFAULT '',
	generation INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX session_user ON session (user_id, id);
CREATE UNIQUE INDEX session_audit ON session (boot_id, audit_session) WHERE audit_session IS NOT NULL;
CREATE UNIQUE INDEX session_leader ON session (boot_id, leader, leader_start, tty) WHERE audit_session IS NULL;

-- The data keys, wrapped under a sealing key.
CREATE TABLE key_wrap (
	key_id TEXT PRIMARY KEY,
	wrap BLOB NOT NULL
) WITHOUT ROWID;

-- @step main 2

-- What users approved of connected apps (rules 5): an approval, and the family of tokens that came of it. The refresh
-- token of a family has two halves: family_hash is of the one that stays, refresh_hash of the one that each use
-- replaces. Who shows the first with a wrong second one has a token that was used before, however long ago.
-- flow: by its key, for methods are, too. level: of the session that approved it.
CREATE TABLE app_grant (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
	app TEXT NOT NULL,
	flow TEXT NOT NULL,
	level INTEGER NOT NULL,
	approved_at INTEGER NOT NULL,
	approved_by TEXT NOT NULL,
	family_hash BLOB,
	refresh_hash BLOB,
	refresh_expires_at INTEGER NOT NULL DEFAULT 0,
	ends_at INTEGER NOT NULL DEFAULT 0,
	last_used_at INTEGER NOT NULL DEFAULT 0,
	last_used_from TEXT NOT NULL DEFAULT ''
);
CREATE INDEX app_grant_user ON app_grant (user_id, app, flow);
CREATE INDEX app_grant_page ON app_grant (user_id, id);
CREATE INDEX app_grant_end ON app_grant (user_id, ends_at) WHERE ends_at <> 0;
CREATE UNIQUE INDEX app_grant_family ON app_grant (family_hash) WHERE family_hash IS NOT NULL;

-- Access tokens in force or expired; an approval that is revoked takes them along.
CREATE TABLE app_access (
	hash BLOB PRIMARY KEY,
	grant_id INTEGER NOT NULL REFERENCES app_grant (id) ON DELETE CASCADE,
	flow TEXT NOT NULL,
	expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX app_access_grant ON app_access (grant_id, expires_at);

-- Assertions that were used, by app and jti, until they would not be good any more.
CREATE TABLE app_assertion (
	hash BLOB PRIMARY KEY,
	expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX app_assertion_end ON app_assertion (expires_at);

-- @step events 1

-- method and reason are stored as their keys: the tables they come from may be reordered.
-- Paging goes by (time, id) on every index: exact even if the clock was set back in between.
CREATE TABLE event (
	id INTEGER PRIMARY KEY,
	time INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	user TEXT NOT NULL,
	service TEXT NOT NULL,
	login_type INTEGER NOT NULL,
	remote TEXT NOT NULL,
	method TEXT NOT NULL,
	verdict INTEGER NOT NULL,
	level INTEGER NOT NULL,
	reason TEXT NOT NULL,
	caller INTEGER NOT NULL,
	claimed INTEGER NOT NULL,
	config_stale INTEGER NOT NULL,
	step_offset INTEGER NOT NULL,
	app TEXT NOT NULL,
	flow TEXT NOT NULL,
	actor TEXT NOT NULL,
	verb TEXT NOT NULL,
	change TEXT NOT NULL
);
CREATE INDEX event_time ON event (time);
CREATE INDEX event_user ON event (user, time);
CREATE INDEX event_reason ON event (reason, time);
CREATE INDEX event_login_type ON event (login_type, time) WHERE kind = 0;

-- @step events 2

-- Which key of an app, or which approval, a login rests on.
ALTER TABLE event ADD COLUMN app_key TEXT NOT NULL DEFAULT '';
