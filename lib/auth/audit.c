#include "auth/audit.h"

#include <stdio.h>
#include <string.h>

#include "auth/contexts.h"
#include "base/text.h"

static void
escape(char *to, size_t to_size, const char *from)
{
	text_escape(to, to_size, from, strlen(from));
}

/* People type passwords where a name is asked for: an unknown name is never kept. */
static void
name_unknown(const struct env *env, const char *name, char *to, size_t to_size)
{
	unsigned char hash[HMAC_SIZE];
	char digits[2 * 8 + 1] = "-";

	if (keyed_hash(&env->keyring, CONTEXT_NAME, name, strlen(name), hash) != SFMFA_OK ||
	    text_from_bytes(digits, sizeof(digits), hash, 8) != SFMFA_OK) {
		digits[0] = '-';
		digits[1] = '\0';
	}
	if (text_format(to, to_size, "unknown:%s", digits) != SFMFA_OK)
		to[0] = '\0';
}

static void
begin_event(const struct env *env, const struct caller *caller, struct event *event)
{
	struct moment now;

	memset(event, 0, sizeof(*event));
	if (env->clock.now(env->clock.data, &now) == SFMFA_OK)
		event->time = now.wall;
	event->caller = caller->uid;
	event->config_stale = env->config_stale;
}

static void
give(const struct env *env, const struct event *event)
{
	if (env->events.take != NULL)
		env->events.take(env->events.data, event);
}

void
audit_login(struct env *env, const struct caller *caller, const struct login_request *request,
	    bool user_known, enum login_type login_type, const struct decision *decision, int64_t step_offset,
	    const char *app_key)
{
	struct event event;

	begin_event(env, caller, &event);
	event.kind = EVENT_LOGIN;
	if (user_known)
		escape(event.user, sizeof(event.user), request->person.name);
	else
		name_unknown(env, request->person.name, event.user, sizeof(event.user));
	escape(event.service, sizeof(event.service), request->service);
	escape(event.remote, sizeof(event.remote), request->rhost);
	escape(event.app, sizeof(event.app), request->app);
	escape(event.flow, sizeof(event.flow), request->flow);
	escape(event.app_key, sizeof(event.app_key), app_key);
	event.login_type = login_type;
	event.method = decision->method;
	/* A login that ended is allowed or denied; challenges are between the lines of explain only. */
	event.verdict = decision->verdict == VERDICT_ALLOW ? VERDICT_ALLOW : VERDICT_DENY;
	event.level = event.verdict == VERDICT_ALLOW ? decision->level : LEVEL_STANDARD;
	event.reason = decision->reason;
	event.claimed = caller->class != CALLER_ROOT;
	event.step_offset = step_offset;
	give(env, &event);
}

void
audit_command(struct env *env, const struct caller *caller, const char *verb, const char *subject,
	      const char *change, enum verdict verdict, enum reason reason)
{
	struct event event;

	begin_event(env, caller, &event);
	event.kind = EVENT_ADMIN;
	if (caller->person.name[0] != '\0')
		escape(event.actor, sizeof(event.actor), caller->person.name);
	else if (text_format(event.actor, sizeof(event.actor), "uid:%u", (unsigned)caller->uid) != SFMFA_OK)
		event.actor[0] = '\0';
	escape(event.user, sizeof(event.user), subject != NULL ? subject : "");
	escape(event.verb, sizeof(event.verb), verb);
	escape(event.change, sizeof(event.change), change != NULL ? change : "");
	event.verdict = verdict == VERDICT_ALLOW ? VERDICT_ALLOW : VERDICT_DENY;
	event.reason = reason;
	give(env, &event);
}

/* Appends " key=value"; an empty value is "-". What does not fit is left out whole: the line stays parseable.
 */
static void
append(char line[AUDIT_LINE_SIZE], const char *key, const char *value)
{
	size_t used = strlen(line);
	int n = snprintf(line + used, AUDIT_LINE_SIZE - used, "%s%s=%s", used == 0 ? "" : " ", key,
			 value[0] != '\0' ? value : "-");

	if (n < 0 || (size_t)n >= AUDIT_LINE_SIZE - used)
		line[used] = '\0';
}

static void
append_number(char line[AUDIT_LINE_SIZE], const char *key, int64_t value)
{
	char text[32];

	if (text_format(text, sizeof(text), "%lld", (long long)value) == SFMFA_OK)
		append(line, key, text);
}

static void
append_optional(char line[AUDIT_LINE_SIZE], const char *key, const char *value)
{
	if (value[0] != '\0')
		append(line, key, value);
}

/* A sentence; a quote inside it is escaped already. */
static void
append_quoted(char line[AUDIT_LINE_SIZE], const char *key, const char *value)
{
	char quoted[EVENT_CHANGE_SIZE + 2];

	if (value[0] == '\0')
		append(line, key, value);
	else if (text_format(quoted, sizeof(quoted), "\"%s\"", value) == SFMFA_OK)
		append(line, key, quoted);
}

void
audit_format(const struct event *event, char line[AUDIT_LINE_SIZE])
{
	bool allowed = event->verdict == VERDICT_ALLOW;

	line[0] = '\0';
	if (event->kind == EVENT_ADMIN) {
		append(line, "actor", event->actor);
		append(line, "verb", event->verb);
		append(line, "user", event->user);
		append_quoted(line, "change", event->change);
		append(line, "verdict", verdict_key(event->verdict));
		append(line, "reason", reason_key(event->reason));
	} else {
		append(line, "user", event->user);
		append(line, "service", event->service);
		append(line, "login_type", login_type_key(event->login_type));
		append(line, "remote", event->remote);
		append(line, "method", factor_key(event->method));
		append(line, "verdict", verdict_key(event->verdict));
		append(line, "level", allowed ? level_key(event->level) : "");
		append(line, "reason", reason_key(event->reason));
		append_optional(line, "app", event->app);
		append_optional(line, "flow", event->flow);
		append_optional(line, "key", event->app_key);
		if (event->step_offset != 0)
			append_number(line, "step_offset", event->step_offset);
	}
	if (event->caller != 0)
		append_number(line, "caller", event->caller);
	if (event->claimed)
		append(line, "claimed", "yes");
	if (event->config_stale)
		append(line, "config", "stale");
}
