#!/bin/sh
# completion.sh SFMFA SOURCE: what is offered where the cursor is, and what the shells make of it, as TAP.
sfmfa=$(realpath "$1")
source=$2
. "$source/tests/cli/tap.sh"
trap 'rm -rf "$work"' EXIT

offers() { # LINES WORD...: exactly these candidates, without what they are; - for none
	want=$1
	shift
	"$sfmfa" __complete "$@" >"$work/out" 2>"$work/err"
	[ "$(cut -f1 "$work/out" | tr '\n' ' ' | sed 's/ $//')" = "$want" ] && [ ! -s "$work/err" ]
}
offered() { # WORD, among what the last one offered
	cut -f1 "$work/out" | grep -qxF -- "$1"
}

ok "a command as far as it is typed" offers "user" us
ok "the second word" offers "freeze" user fr
ok "nothing behind what is no command" offers "" nonsense ""
ok "a user" offers ":users" enroll ""
ok "a file" offers ":files" import oath ""
ok "and another file" offers ":files" import oath a b c ""
ok "nothing where nothing is due" offers "" status ""
ok "nothing behind the last argument" offers "" user show alice ""
ok "the value of an option" offers "completed" user list --state co
ok "of a global option, before the command" offers ":folders" --runtime-dir ""
ok "which is then found" offers "user" --runtime-dir /run/x us
ok "a permission" offers "mfa-ui-logins" perm assign alice mfa-u
ok "the second one too" offers "mfa-ui-logins" perm assign alice api-enabled mfa-u
ok "options of a command" offers "--replace" enroll --rep
ok "no options behind --" offers "" status -- --j

"$sfmfa" --help >"$work/help"
sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\( [a-z][a-z-]*\)\{0,1\}\)\(  .*\)\{0,1\}$/\1/p' "$work/help" >"$work/commands"
ok "commands were read from the help" [ "$(wc -l <"$work/commands")" -gt 25 ]
while read -r first second; do
	if [ -n "$second" ]; then "$sfmfa" __complete "$first" "" >"$work/out"; else "$sfmfa" __complete "" >"$work/out"; fi
	ok "$first $second is offered" offered "${second:-$first}"
	# shellcheck disable=SC2086 # the second word may be none
	"$sfmfa" $first $second --help | sed -n 's/^  --\([a-z-]*\).*/--\1/p' >"$work/options"
	# shellcheck disable=SC2086
	"$sfmfa" __complete $first $second -- >"$work/out"
	missing=
	while read -r option; do
		offered "$option" || missing="$missing $option"
	done <"$work/options"
	ok "with its options" [ -z "$missing" ]
done <"$work/commands"

cat >"$work/try.bash" <<'BASH'
source "$1"
sfmfa=$2
shift 2
COMP_WORDS=("$sfmfa" "$@")
COMP_CWORD=$#
_sfmfa
printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
BASH
in_bash() { # WANTED WORD...
	want=$1
	shift
	(cd "$work/files" && bash "$work/try.bash" "$source/share/sfmfa.bash" "$sfmfa" "$@") >"$work/out" 2>"$work/err"
	[ "$(cat "$work/out")" = "$want " ] && [ ! -s "$work/err" ]
}
mkdir "$work/files" "$work/files/folder"
touch "$work/files/one file" "$work/files/other"
ok "bash: commands" in_bash "freeze" user fre
ok "bash: files, blanks included" in_bash "one file other" import oath o
ok "bash: users" in_bash "root" user show roo
ok "bash: folders" in_bash "folder" check --pam-dir f

cat >"$work/try.zsh" <<'ZSH'
_files() { print -r -- "files $*" }
_users() { print -r -- users }
_describe() { print -rl -- ${(P)2} }
file=$1
words=("${(@)argv[2,-1]}")
CURRENT=$#words
source $file
ZSH
in_zsh() { # WANTED WORD...
	want=$1
	shift
	zsh -f "$work/try.zsh" "$source/share/_sfmfa" "$sfmfa" "$@" >"$work/out" 2>"$work/err"
	[ "$(cat "$work/out")" = "$want" ] && [ ! -s "$work/err" ]
}
if command -v zsh >/dev/null; then
	ok "zsh: commands with what they do" in_zsh "freeze:deny every login of a user" user fre
	ok "zsh: files" in_zsh "files " import oath ""
	ok "zsh: folders" in_zsh "files -/" check --pam-dir ""
	ok "zsh: users" in_zsh users user show ""
else
	count=$((count + 1))
	echo "ok $count # SKIP no zsh here"
fi

echo "1..$count"
