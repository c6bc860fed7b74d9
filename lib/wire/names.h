/*
 * The words of the conversation: keys and values that both ends spell the same way.
 *
 * Requests carry WIRE_VERB first. Every reply carries WIRE_STATUS: "ask" (one more request is
 * due) or "done" (the last word, unless WIRE_MORE keeps the connection). Texts to show ride
 * inside the reply.
 *
 *   verb=login             authenticate: user, nss, name, uid, service, [rhost], [tty], [ruser],
 *                          [login_type], [prompt], [can_commit], [split + password | credential + password | ask], [app], [flow]
 *     -> status=ask need=answer [info]* [error]* prompt echo       answer with verb=answer
 *     -> status=ask need=groups [group]*                           answer with verb=groups
 *     -> status=ask need=session                                   answer with verb=session
 *     -> status=done auth account level method login_type reason [info]* [error]* [login_id]
 *     -> status=done more=split strip=N         the same connection goes on with verb=first-factor-ok
 *     -> status=done more=bridge                the same: a token was the first factor; then as login goes on
 *     -> status=done … credential=none          the field holds no credential of a connected app
 *     -> status=done auth … more=commit         the same connection goes on with verb=commit
 *   verb=answer            answer=TEXT | answer_is_password=1 | placeholder=1 | conversation_failed=1
 *   verb=groups            [in=NAME]* [unresolved=NAME]*
 *   verb=session           [audit=N login_uid=N] [leader=PID leader_start=TICKS]: where the caller is
 *   verb=first-factor-ok   after more=split: the password was right, verify the tail
 *   verb=commit            after more=commit: the account phase: write the registration
 *   verb=account           account phase without a verdict of this handle: as login, no dialogue
 *   verb=password-changed  user, nss, name, uid: revoke the user's tokens
 *   verb=session-open      user, nss, name, uid, service, [login_type], [tty], [login_id], [proved_by], where the
 *                          session is as with verb=session -> result=done session=ID (0: not recorded)
 *   verb=session-close     user, nss, name, uid, session=ID -> result=done
 *   verb=page              after need=page: the next page of a command that takes or gives its data by pages, with
 *                          the command's own fields, as the reply that asked for it has
 *   any other verb is a command of the CLI (lib/model/verbs.def): its arguments as fields
 *     -> status=ask … as above        -> status=done result=WORD [error=TEXT] + the verb's own fields
 */
#ifndef SFMFA_WIRE_NAMES_H
#define SFMFA_WIRE_NAMES_H

/* Keys of requests. */
#define WIRE_VERB                "verb"
#define WIRE_USER                "user"       /* as typed: PAM_USER */
#define WIRE_NSS                 "nss"        /* known | unknown | error */
#define WIRE_NAME                "name"       /* pw_name, where known */
#define WIRE_UID                 "uid"
#define WIRE_CALLER_UID          "real_uid"   /* real uid of the calling process */
#define WIRE_SERVICE             "service"
#define WIRE_RHOST               "rhost"
#define WIRE_TTY                 "tty"
#define WIRE_RUSER               "ruser"
#define WIRE_LOGIN_TYPE          "login_type" /* ui | api, believed from uid 0 only */
#define WIRE_CAN_COMMIT          "can_commit" /* 1: this caller will run the account phase */
#define WIRE_SPLIT               "split"
#define WIRE_CREDENTIAL          "credential" /* 1: the whole field is one of a connected app; in a reply: none */
#define WIRE_ASK                 "ask_factor"
#define WIRE_PASSWORD            "password"   /* the whole field of an API login, at most 512 bytes */
#define WIRE_APP                 "app"
#define WIRE_FLOW                "flow"
#define WIRE_ANSWER              "answer"
#define WIRE_ANSWER_IS_PASSWORD  "answer_is_password"
#define WIRE_PLACEHOLDER         "placeholder"
#define WIRE_CONVERSATION_FAILED "conversation_failed"
#define WIRE_IN                  "in"
#define WIRE_UNRESOLVED          "unresolved"
#define WIRE_NO_GROUP            "no_group"     /* of a look-up process: unresolved, for there is no such group */
#define WIRE_AUDIT               "audit"        /* audit session id, where one counts (rules 8) */
#define WIRE_LOGIN_UID           "login_uid"    /* of the same process */
#define WIRE_LEADER              "leader"       /* pid of the session leader */
#define WIRE_LEADER_START        "leader_start" /* clock ticks since boot */
#define WIRE_PROVED_BY           "proved_by"    /* another user, whose login the session was opened with */

/* Keys of replies. */
#define WIRE_STATUS   "status"
#define WIRE_NEED     "need"
#define WIRE_GROUP    "group"
#define WIRE_INFO     "info"
#define WIRE_ERROR    "error"
#define WIRE_PROMPT   "prompt"
#define WIRE_ECHO     "echo"
#define WIRE_AUTH     "auth"
#define WIRE_ACCOUNT  "account"
#define WIRE_LEVEL    "level"
#define WIRE_METHOD   "method"
#define WIRE_REASON   "reason"
#define WIRE_MORE     "more"
#define WIRE_STRIP    "strip"
#define WIRE_DELAY    "delay"    /* microseconds for pam_fail_delay */
#define WIRE_LOGIN_ID "login_id"
#define WIRE_SESSION  "session"  /* id of a recorded session; also in session-close */
#define WIRE_RESULT   "result"   /* of a command: done | refused | usage | failed */

/* Values of verb= that have no line in lib/model/verbs.def or are spoken by the module. */
#define WIRE_VERB_LOGIN            "login"
#define WIRE_VERB_ANSWER           "answer"
#define WIRE_VERB_GROUPS           "groups"
#define WIRE_VERB_SESSION          "session"
#define WIRE_VERB_PAGE             "page"
#define WIRE_VERB_SESSION_OPEN     "session-open"
#define WIRE_VERB_SESSION_CLOSE    "session-close"
#define WIRE_VERB_FIRST_FACTOR_OK  "first-factor-ok"
#define WIRE_VERB_COMMIT           "commit"
#define WIRE_VERB_ACCOUNT          "account"
#define WIRE_VERB_PASSWORD_CHANGED "password-changed"

/* Values. */
#define WIRE_STATUS_ASK  "ask"
#define WIRE_STATUS_DONE "done"
#define WIRE_NEED_ANSWER "answer"
#define WIRE_NEED_GROUPS "groups"
#define WIRE_NEED_SESSION "session"
#define WIRE_NEED_PAGE   "page"
#define WIRE_MORE_SPLIT  "split"
#define WIRE_MORE_BRIDGE "bridge"
#define WIRE_MORE_COMMIT "commit"

/*
 * What a phase ends with. The module has one switch from these to PAM codes; a word it does not
 * know is a failure.
 */
#define WIRE_OUTCOME_ALLOW         "allow"
#define WIRE_OUTCOME_REFUSED       "refused"       /* PAM_AUTH_ERR; in the account phase PAM_PERM_DENIED */
#define WIRE_OUTCOME_FORBIDDEN     "forbidden"     /* PAM_PERM_DENIED */
#define WIRE_OUTCOME_EXPIRED       "expired"       /* PAM_ACCT_EXPIRED */
#define WIRE_OUTCOME_CONFIGURATION "configuration" /* PAM_SERVICE_ERR */
#define WIRE_OUTCOME_UNAVAILABLE   "unavailable"   /* PAM_AUTHINFO_UNAVAIL */
#define WIRE_OUTCOME_CONVERSATION  "conversation"  /* PAM_CONV_ERR */

#define WIRE_PASSWORD_MAX 512 /* bytes */

#endif
