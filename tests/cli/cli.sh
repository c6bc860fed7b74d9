#!/bin/sh
# cli.sh SFMFA SFMFAD SOURCE: the commands against a private daemon, as TAP.
sfmfa=$1
sfmfad=$2
source=$3
. "$source/tests/cli/stage.sh"

ok "status of a new daemon is well" runs 0 status
ok "and says so" says out "well"
ok "status --json is one object" runs 0 status --json
ok "with ok true" json 'v["ok"] is True and v["config"] == "ok" and len(vs) == 1'

ok "enroll without a terminal asks nothing" runs 0 enroll daemon --json
ok "and prints exactly what is promised" json 'set(v) == {"user", "secret", "uri", "recovery_codes", "state"} and
	len(v["recovery_codes"]) == 10 and v["state"] == "pending" and v["uri"].startswith("otpauth://totp/")'
ok "and nothing on stderr" [ ! -s "$work/err" ]
ok "a second app is refused" runs 1 enroll daemon --json
ok "with one sentence" one_line_error
ok "and nothing on stdout" silent
ok "enroll for people shows key and codes" runs 0 enroll bin
ok "the key in groups of four" grep -qE '^Key for the app: ([A-Z2-7]{4} )+[A-Z2-7]{4}$' "$work/out"
ok "the recovery codes" [ "$(grep -oE '[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{3}[A-Z]' "$work/out" | wc -l)" -eq 10 ]
ok "an SVG is written for its owner only" runs 0 enroll games --qr "svg:$work/qr.svg" --json
ok "it is one" grep -q '</svg>' "$work/qr.svg"
ok "it is private" [ "$(stat -c %a "$work/qr.svg")" = 600 ]
ok "a file that exists is not overwritten" runs 3 enroll man --qr "svg:$work/qr.svg" --json
ok "and nobody was registered" runs 0 user show man --json
ok "not even half" json 'v["app"] == "none"'
ok "a refused enrolment leaves no SVG" runs 1 enroll games --qr "svg:$work/qr2.svg"
ok "really none" [ ! -e "$work/qr2.svg" ]

ok "token new --json" runs 0 token new daemon --json --label phone --service dovecot --from 10.0.0.0/8 --expires 90d
ok "has user, label, token" json 'v["user"] == "daemon" and v["label"] == "phone" and len(v["token"]) == 24 and
	RFC3339.match(v["expires"])'
ok "token new for people" runs 0 token new daemon --label laptop
ok "prints the token alone on the first line" sh -c "head -1 '$work/out' | grep -qE '^[0-9A-Za-z]{24}$'"
ok "token new --quiet prints the token only" runs 0 token new daemon --label tablet --quiet
ok "one line" lines 1
ok "token list" runs 0 token list daemon
ok "names both" sh -c "grep -q phone '$work/out' && grep -q laptop '$work/out'"
ok "token list --json is one object a line" runs 0 token list daemon --json
ok "with lists and times" json 'len(vs) == 3 and [t for t in vs if t["label"] == "phone"][0]["services"] == ["dovecot"] and
	all(RFC3339.match(t["created"]) for t in vs) and all(t["last_used"] is None for t in vs)'
ok "token revoke" runs 0 token revoke daemon phone --json
ok "counts" json 'v == {"user": "daemon", "count": 1}'
ok "token revoke of one that is not there is refused" runs 1 token revoke daemon phone
ok "token revoke --all" runs 0 token revoke daemon --all
ok "token list of nothing" runs 0 token list daemon --json
ok "prints nothing" silent

ok "temp-code --json" runs 0 temp-code daemon --hours 4 --json
ok "has user, code, expires" json 'set(v) == {"user", "code", "expires"} and RFC3339.match(v["expires"])'
ok "temp-code expire" runs 0 temp-code expire daemon
ok "recovery-codes renew --json" runs 0 recovery-codes renew daemon --json
ok "has ten" json 'len(v["recovery_codes"]) == 10'

ok "a prerequisite is asked for" runs 1 perm assign daemon mfa-api-logins
ok "by name" says err "mfa-ui-logins"
ok "perm assign of two, one by its alias" runs 0 perm assign daemon mfa-ui-logins TwoFactorApi --json
ok "tells what was assigned" json 'v == {"user": "daemon", "assigned": ["mfa-ui-logins", "mfa-api-logins"]}'
ok "perm list --json" runs 0 perm list daemon --json
ok "tells where each comes from" json 'any(p["permission"] == "api-enabled" and p["kind"] == "profile" and
	p["file"].endswith("standard.conf") and p["line"] > 0 for p in vs) and
	any(p["permission"] == "mfa-ui-logins" and p["kind"] == "direct" and p["by"] == "root" and p["file"] is None for p in vs)'
ok "perm list for people" runs 0 perm list daemon
ok "names the file" says out "standard.conf:"
ok "a prerequisite that is held stays" runs 1 perm revoke daemon mfa-ui-logins
ok "unless forced" runs 0 perm revoke daemon mfa-ui-logins --force
ok "perm revoke" runs 0 perm revoke daemon mfa-api-logins
ok "an unknown name is refused" runs 1 perm assign daemon nonsense
ok "profile list --json" runs 0 profile list --json
ok "lists those that are shipped" json '{"standard", "mfa", "mfa-api", "integration"} <= {p["name"] for p in vs}'
ok "profile show" runs 0 profile show mfa --json
ok "shows permissions" json '"mfa-ui-logins" in v["permissions"]'
ok "profile show of none is refused" runs 1 profile show nonsense
ok "profile assign" runs 0 profile assign daemon mfa --json
ok "tells the profile" json 'v == {"user": "daemon", "profile": "mfa"}'
ok "user show knows it" runs 0 user show daemon --json
ok "with types" json 'v["profile"] == "mfa" and v["profile_how"] == "assigned" and v["app"] == "pending" and
	v["tokens"] == 0 and v["recovery_codes"] == 10 and v["frozen"] is False and v["locked_until"] is None'

ok "explain of a login that needs a factor exits 1" runs 1 explain daemon --service sshd --json
ok "and says what would do" json 'set(v) == {"verdict", "level", "reason", "factors", "because"} and
	v["verdict"] == "challenge" and v["level"] is None and "totp" in v["factors"]'
ok "with the lines it follows from" json 'any(b["file"] and b["file"].endswith("mfa.conf") and b["line"] > 0 for b in v["because"])'
ok "explain with the factor exits 0" runs 0 explain daemon --service sshd --answer totp --json
ok "and has a level" json 'v["verdict"] == "allow" and v["level"] == "high-assurance"'
ok "explain --without" runs 0 explain daemon --service sshd --without mfa-ui-logins
ok "explain for people names the file" sh -c "'$sfmfa' --runtime-dir '$work/run' explain daemon --service sshd | grep -q 'mfa.conf:'"
ok "profile unassign" runs 0 profile unassign daemon

ok "user freeze" runs 0 user freeze daemon
ok "user list --state frozen" runs 0 user list --state frozen --json
ok "lists it" json 'len(vs) == 1 and vs[0]["user"] == "daemon" and vs[0]["frozen"] is True'
ok "a frozen user is denied" runs 1 explain daemon --service sshd --json
ok "for that" json 'v["reason"] == "frozen"'
ok "user unfreeze" runs 0 user unfreeze daemon
ok "user unlock" runs 0 user unlock daemon
ok "disconnect" runs 0 disconnect daemon --json
ok "names the user" json 'v == {"user": "daemon"}'

i=0
while [ $i -lt 60 ]; do
	i=$((i + 1))
	sfm profile assign "virtual$i" mfa || break
done
ok "virtual users are made without a terminal" [ $i -eq 60 ]
ok "lists go over many pages" runs 0 user list --profile mfa --json
ok "and lose nobody" json 'len({u["user"] for u in vs}) == 60 and len(vs) == 60 and all(u["virtual"] for u in vs)'
ok "user delete" runs 0 user delete virtual1 --yes
ok "forgets" runs 1 user show virtual1
COLUMNS=40 sfm user list
ok "forty columns suffice for users" fits 40

ok "log --json" runs 0 log daemon --json
ok "has the members that are promised" json 'len(vs) > 5 and all({"time", "user", "service", "login_type", "remote", "method", "verdict", "level", "reason"} <= set(e) for e in vs)'
ok "the newest first" json '[e["time"] for e in vs] == sorted((e["time"] for e in vs), reverse=True)'
ok "with actor and verb" json 'all(e["actor"] == "root" and e["verb"] for e in vs) and vs[0]["verb"] == "disconnect"'
ok "log --limit" runs 0 log --limit 3 --json
ok "limits" lines 3
ok "log over many pages" runs 0 log --json
ok "repeats nothing" json 'len(vs) > 60'
ok "log --since a moment to come" runs 0 log --since 9999-01-01 --json
ok "is empty" silent
for columns in 40 80; do
	COLUMNS=$columns sfm log
	ok "$columns columns suffice for the log" fits $columns
	COLUMNS=$columns sfm perm list daemon
	ok "$columns columns suffice for permissions" fits $columns
	COLUMNS=$columns sfm explain daemon --service dovecot
	ok "$columns columns suffice for explain" fits $columns
	COLUMNS=$columns sfm status
	ok "$columns columns suffice for status" fits $columns
done
(trap '' PIPE; "$sfmfa" --runtime-dir "$work/run" log --json 2>"$work/err"; echo $? >"$work/out") | head -1 >/dev/null
ok "a reader that goes away is no crash" sh -c "s=\$(cat '$work/out'); [ \"\$s\" -eq 0 ] || [ \"\$s\" -eq 3 ]"

# On a terminal.
ok "enroll on a terminal asks for a code, and again" talks 0 "Code from your app: " @wrong "Code from your app: " @totp -- enroll mail
ok "shows the key once" [ "$(grep -c 'Key for the app' "$work/out")" -eq 1 ]
ok "and leaves the echo on" says out "# echo on"
ok "the code typed is not shown" sh -c "! grep -qE 'Code from your app: [0-9]' '$work/out'"
ok "an enrolment that is not confirmed is refused" talks 1 "Code from your app: " @eof -- enroll news
sfm user show news --json
ok "and registers nothing" json 'v["app"] == "none"'
ok "an interrupt ends it by the signal" talks 130 "Code from your app: " @interrupt -- enroll news
ok "and gives the echo back" says out "# echo on"
ok "a virtual user is asked about" talks 1 "virtual user? [y/N] " n -- profile assign vera mfa
sfm user list --profile mfa --json
ok "no means no" json 'all(u["user"] != "vera" for u in vs)'
ok "yes means yes" talks 0 "virtual user? [y/N] " y -- profile assign vera mfa
ok "who is virtual is not asked about again" talks 0 -- profile assign vera mfa
ok "a backup is made" runs 0 backup "$work/before"
ok "restore asks, and an empty answer is no" talks 1 "[y/N] " "" -- restore "$work/before"
ok "saying how many users would go" says out "Replace the store here, of"
ok "no means no" talks 1 "[y/N] " n -- restore "$work/before"
ok "an end means no" talks 1 "[y/N] " @eof -- restore "$work/before"
ok "and says so" says out "nothing was changed"
ok "without a terminal it is not asked, but refused" runs 2 restore "$work/before"
ok "nothing was restored" runs 0 recovery-codes renew mail --json
ok "yes means yes" talks 0 "[y/N] " y -- restore "$work/before"
sfm user show mail --json
ok "and restores" json 'v["recovery_codes"] == 0'
ok "delete asks" talks 1 "[y/N] " "" -- user delete vera
ok "and deletes" talks 0 "[y/N] " yes -- user delete vera

# Somebody who is not root.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	other() { # STATUS ARGUMENT...
		want=$1
		shift
		cp "$sfmfa" "$work/sfmfa" 2>/dev/null
		setpriv --reuid nobody --regid nogroup --clear-groups setsid -w "$work/sfmfa" --runtime-dir "$work/run" "$@" \
			>"$work/out" 2>"$work/err" </dev/null
		[ $? -eq "$want" ]
	}
	ok "somebody sees themselves" other 0 user show --json
	ok "by their own name" json 'v["user"] == "nobody"'
	ok "but not others" other 1 user show daemon
	cp "$work/err" "$work/err1"
	ok "whether they exist" other 1 user show frobnicate
	ok "or not: the same sentence" cmp -s "$work/err" "$work/err1"
	ok "not the list" other 1 user list
	ok "with manage-users" runs 0 perm assign nobody manage-users
	ok "they see others" other 0 user show daemon
	ok "and the log" other 0 log --json
	ok "but make no codes for them" other 1 temp-code daemon
	ok "and grant themselves nothing" other 1 perm assign nobody manage-mfa
fi

# The daemon and its configuration.
echo "nonsense = 1;" >>"$work/sfmfa.conf"
kill -HUP "$daemon"
tries=0
while runs 0 status && [ $tries -lt 100 ]; do
	tries=$((tries + 1))
	sleep 0.05
done
ok "a broken configuration is told by status" runs 1 status
ok "with file and line" says out "sfmfa.conf:7"
ok "as JSON, too" runs 1 status --json
ok "with its parts" json 'v["ok"] is False and v["config"] == "stale" and v["config_line"] == 7 and v["config_file"].endswith("sfmfa.conf")'
kill "$daemon"
wait "$daemon"
daemon=
ok "nobody there: exit 3" runs 3 --runtime-dir "$work/nobody" status
ok "and one sentence" one_line_error
echo "1..$count"
