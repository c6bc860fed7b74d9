#!/bin/sh
# usage.sh SFMFA: what the command line says without a daemon, as TAP.
sfmfa=$1
# shellcheck source=tests/cli/tap.sh
. "$(dirname "$0")/tap.sh"
trap 'rm -rf "$work"' EXIT

# runs STATUS ARGUMENT...: the exit status is as expected; output in out and err.
runs() {
	want=$1
	shift
	"$sfmfa" "$@" >"$work/out" 2>"$work/err" </dev/null
	[ $? -eq "$want" ]
}

fits() { # COLUMNS
	awk -v most="$1" 'length($0) > most { bad = 1 } END { exit bad }' "$work/out"
}

ok "--help exits 0" runs 0 --help
ok "--help lists the commands" says out "recovery-codes renew"
ok "--help fits 80 columns" fits 80
ok "-h is --help" runs 0 -h
ok "--version exits 0" runs 0 --version
ok "--version names the program" says out "sfmfa "
ok "no command is a usage error" runs 2
ok "and says so on stderr" one_line_error
ok "and nothing on stdout" silent
ok "a slip of the fingers exits 2" runs 2 tokn
ok "and is understood" says err "sfmfa: unknown command 'tokn', did you mean 'token'?"
ok "a slip in the second word exits 2" runs 2 token nwe
ok "and is understood too" says err "did you mean 'token new'?"
ok "a word like no command exits 2" runs 2 frobnicate
ok "and points to --help" says err "sfmfa --help"
ok "a group without a command exits 2" runs 2 perm
ok "a group has a help of its own" runs 0 perm --help
ok "with the commands of the group only" sh -c "! grep -q 'token new' '$work/out'"
ok "an unknown option exits 2" runs 2 token new --lable x
ok "and is understood" says err "did you mean '--label'?"
ok "an abbreviated option is refused" runs 2 token revoke alice --al
ok "an option without its argument exits 2" runs 2 log --reason
ok "an option given twice exits 2" runs 2 temp-code alice --hours 1 --hours 2
ok "an argument too many exits 2" runs 2 disconnect alice bob
ok "a missing user exits 2" runs 2 user freeze
ok "a missing name exits 2" runs 2 perm assign alice
ok "an empty user exits 2" runs 2 user show ""
ok "--all together with a label exits 2" runs 2 token revoke alice phone --all
ok "neither --all nor a label exits 2" runs 2 token revoke alice
ok "a bad --digits exits 2" runs 2 enroll --digits 9
ok "a bad --algorithm exits 2" runs 2 enroll --algorithm md5
ok "a bad --period exits 2" runs 2 enroll --period 1
ok "a bad --qr exits 2" runs 2 enroll --qr png
ok "a bad --hours exits 2" runs 2 temp-code alice --hours 25
ok "a bad --expires exits 2" runs 2 token new --expires yesterday
ok "a bad --from network exits 2" runs 2 token new --from 10.0.0.1/8
ok "a bad --at exits 2" runs 2 explain alice --at 2026-02-30
ok "a bad --login-type exits 2" runs 2 explain alice --login-type web
ok "a bad --with exits 2" runs 2 explain alice --with mfa-ui-login
ok "and is understood" says err "did you mean 'mfa-ui-logins'?"
ok "a bad --answer exits 2" runs 2 explain alice --answer guess
ok "a bad --reason exits 2" runs 2 log --reason factor-wrog
ok "and is understood" says err "did you mean 'factor-wrong'?"
ok "a bad --since exits 2" runs 2 log --since soon
ok "a bad --limit exits 2" runs 2 log --limit 0
ok "a bad --state exits 2" runs 2 user list --state gone
ok "deleting without being asked needs --yes" runs 2 user delete bob
ok "and says so" says err "--yes"
ok "nobody there: exit 3" runs 3 --runtime-dir "$work/nobody" --config "$work/none.conf" status
ok "with one sentence" one_line_error
ok "global options may follow the command" runs 3 status --runtime-dir "$work/nobody" --json
ok "with --json nothing but JSON may be on stdout" silent
ok "an SVG that cannot be made stops the enrolment" runs 3 enroll --qr "svg:$work/none/x.svg"
ok "escape sequences are not echoed" runs 2 "$(printf 'a\033[31m')"
ok "but replaced" sh -c "! grep -q '$(printf '\033')' '$work/err'"

words=$(sed -n 's/^COMMAND([a-z_]*, "\([^"]*\)".*/\1/p' "$(dirname "$0")/../../cli/commands.def")
echo "$words" >"$work/words"
while read -r word; do
	# shellcheck disable=SC2086
	ok "'$word --help' exits 0" runs 0 $word --help
	ok "'$word --help' has usage and example" sh -c "grep -q '^Usage: sfmfa $word' '$work/out' && grep -q '^Example:' '$work/out'"
	ok "'$word --help' fits 80 columns" fits 80
done <"$work/words"

"$sfmfa" --help >/dev/full 2>"$work/err"
ok "output that cannot be written is a failure" [ $? -eq 3 ]
(trap '' PIPE; "$sfmfa" --help 2>"$work/err"; echo $? >"$work/status") | true
ok "a closed pipe does not crash it" sh -c "s=\$(cat '$work/status'); [ \"\$s\" -eq 0 ] || [ \"\$s\" -eq 3 ]"
"$sfmfa" --help >&- 2>"$work/err" </dev/null
ok "a closed stdout does not crash it" [ $? -le 3 ]
COLUMNS=40 "$sfmfa" --help >"$work/out"
ok "forty columns put the help of a command below it" sh -c "grep -q '^      list users' '$work/out'"
# check reads files itself.
mkdir -p "$work/etc/profiles.d"
printf 'permissions = [ "api-enabled" ];\n' >"$work/etc/profiles.d/standard.conf"
printf 'config_dir = "%s/etc";\n' "$work" >"$work/etc/sfmfa.conf"
chmod -R go-w "$work/etc"
conf=$work/etc/sfmfa.conf
ok "check needs no daemon" runs 0 check --config "$conf"
ok "and says that all is well" says out "The configuration is in order."
printf 'permissions = [ "mfa-api-logins" ];\nmembers = { groups = [ "no-such-group" ]; };\n' >"$work/etc/profiles.d/odd.conf"
ok "check exits 1 for trouble" runs 1 check --config "$conf"
ok "names file and line" says out "profiles.d/odd.conf:1"
ok "names the prerequisite" says out "requires mfa-ui-logins"
ok "names a group that is none" says out "no-such-group"
ok "check speaks JSON" runs 1 --json check --config "$conf"
ok "with one value" says out '{"ok":false,"findings":[{"severity":"error","file":"'
printf 'permissions = [ "mfa-ui-login" ];\n' >"$work/etc/profiles.d/odd.conf"
ok "check exits 1 for what is refused" runs 1 check --config "$conf"
ok "with file and line of that too" says out "odd.conf:1"
chmod g+w "$work/etc/profiles.d/standard.conf"
ok "check exits 1 for a file that others can write" runs 1 check --config "$conf"
ok "check without a file exits 1" runs 1 check --config "$work/none.conf"

echo "1..$count"
