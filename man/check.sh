#!/bin/sh
# check.sh SFMFA SOURCE SCDOC: every name a user can meet has its entry in the man pages, as TAP. Names are
# taken from the tables and the code that reads them, so that a new one without an entry fails here.
sfmfa=$1
source=$2
scdoc=$3
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
count=0

ok() { # DESCRIPTION COMMAND...
	what=$1
	shift
	count=$((count + 1))
	if "$@"; then echo "ok $count - $what"; else echo "not ok $count - $what"; fi
}

# names PAGE WORD: an entry begins with the word in bold, or says it in bold.
names() {
	grep -qF -- "*$2*" "$1"
}

# Keys from tables, one a line.
table() { # FILE PATTERN
	sed -nE "s/$2/\\1/p" "$source/$1"
}

# every PAGE DESCRIPTION <WORDS: at least one word comes in, and each is named.
every() {
	page=$source/man/$1.scd
	any=0
	while read -r word; do
		[ -n "$word" ] || continue
		any=1
		ok "$1 names $2 $word" names "$page" "$word"
	done
	ok "there are $2 keys to look for" [ "$any" -eq 1 ]
}

table lib/model/settings.def '^SETTING_[A-Z_]+\([^,]+, "([^"]+)".*' >"$work/settings"
table lib/config/structured.c '^[[:space:]]+\{ "([a-z_]+)", read_[a-z_]+ \},.*' >"$work/structured"
sed -n 's/.*static const char \*const keys\[\] = { \(.*\), NULL };.*/\1/p' "$source/lib/config/structured.c" |
	tr -d '" ' | tr ',' '\n' | sort -u >"$work/members"
table lib/model/permissions.def '^PERMISSION\([A-Z_]+, "([^"]+)".*' >"$work/permissions"
table lib/model/permissions.def '^PERMISSION\([A-Z_]+, "[^"]+", "([^"]+)".*' >"$work/aliases"
# permission_sets is read there too, and is a key of apps.
sed -n '/const keys\[\] = {/,/};/p' "$source/lib/config/profiles.c" | grep -oE '"[a-z_]+"' | tr -d '"' |
	grep -vx permission_sets | sort -u >"$work/profile-keys"
echo permission_sets >"$work/app-keys"
sed -n '/const keys\[\] = {/,/};/p' "$source/lib/config/apps.c" | grep -oE '"[a-z_]+"' | tr -d '"' |
	sort -u >>"$work/app-keys"
table lib/model/flows.def '^FLOW\([A-Z_]+, "([^"]+)".*' >"$work/flows"
table lib/config/hours.c '.*day_keys\[WEEKDAYS\] = \{ (.*) \};' | tr -d '" ' | tr ',' '\n' >"$work/days"
table lib/model/reasons.def '^REASON\([A-Z_]+, "([^"]+)".*' >"$work/reasons"
table lib/model/factors.def '^FACTOR\([A-Z_]+, "([^"]+)".*' >"$work/factors"
table pam_module/pam_args.c '.*strcmp\(argument, "([a-z_]+)"\) == 0.*' >"$work/switches"
table pam_module/pam_args.c '^[[:space:]]+\{ "([a-z_]+)", &args.*' | sed 's/$/=/' >"$work/values"
grep -oE '\{ "[a-z-]+", (required|no)_argument' "$source/daemon/options.c" |
	sed -E 's/.*"([a-z-]+)".*/--\1/' >"$work/daemon-options"
table cli/commands.def '^COMMAND\([a-z_]+, "([^"]+)".*' >"$work/commands"

every sfmfa.conf.5 setting <"$work/settings"
every sfmfa.conf.5 setting <"$work/structured"
every sfmfa.conf.5 member <"$work/members"
every sfmfa-profiles.5 permission <"$work/permissions"
sed 's/.*/_&_/' "$work/aliases" >"$work/alias-words"
while read -r word; do
	ok "sfmfa-profiles.5 names alias $word" grep -qF -- "($word)" "$source/man/sfmfa-profiles.5.scd"
done <"$work/alias-words"
every sfmfa-profiles.5 key <"$work/profile-keys"
every sfmfa-profiles.5 day <"$work/days"
every sfmfa-apps.5 key <"$work/app-keys"
every sfmfa-apps.5 flow <"$work/flows"
every sfmfa.1 reason <"$work/reasons"
every sfmfa.1 method <"$work/factors"
every sfmfa.1 command <"$work/commands"
every pam_sfmfa.8 switch <"$work/switches"
every pam_sfmfa.8 argument <"$work/values"
every sfmfad.8 option <"$work/daemon-options"

# Options of each command, from its --help, in the entry of the command: from its bold name to the next entry.
entry() { # COMMAND
	awk -v head="*$1*" 'substr($0, 1, 1) == "*" || substr($0, 1, 1) == "#" { inside = index($0, head) == 1 || index($0, ", " head) > 0 } inside' \
		"$source/man/sfmfa.1.scd"
}
while read -r command; do
	# shellcheck disable=SC2086
	"$sfmfa" $command --help </dev/null | sed -n '/^Options:/,/^Options of every/p' |
		grep -oE '^  --[a-z-]+' | tr -d ' ' >"$work/options"
	entry "$command" >"$work/entry"
	while read -r option; do
		ok "sfmfa.1 names $option of $command" names "$work/entry" "$option"
	done <"$work/options"
done <"$work/commands"
"$sfmfa" --help </dev/null | sed -n '/^Options of every/,$p' | grep -oE '^  --[a-z-]+' | tr -d ' ' >"$work/options"
every sfmfa.1 option <"$work/options"

# Defaults of plain settings are the ones in force.
grep -oE '^SETTING_(BOOL|NUMBER|ONE_OF)\([^,]+, "[^"]+", [a-z0-9]+' "$source/lib/model/settings.def" |
	sed -E 's/.*, "([^"]+)", (.*)/\1 \2/' >"$work/defaults"
while read -r key value; do
	ok "sfmfa.conf.5 tells the default of $key" grep -qxF -- "*$key* = $value" "$source/man/sfmfa.conf.5.scd"
done <"$work/defaults"

# A page without the entry is noticed.
missed() { # PAGE WORD
	sed "s/\\*$2\\*//g" "$source/man/$1.scd" >"$work/without"
	! names "$work/without" "$2"
}
ok "a setting taken out is missed" missed sfmfa.conf.5 state_dir
ok "a permission taken out is missed" missed sfmfa-profiles.5 waive-mfa
ok "a reason taken out is missed" missed sfmfa.1 locked-out
ok "a command taken out is missed" missed sfmfa.1 "token revoke"

for page in pam_sfmfa.8 sfmfa-apps.5 sfmfa-profiles.5 sfmfa.1 sfmfa.conf.5 sfmfad.8; do
	ok "$page is good scdoc" sh -c "'$scdoc' <'$source/man/$page.scd' >'$work/$page' 2>'$work/err' && [ ! -s '$work/err' ]"
	if command -v groff >/dev/null; then
		ok "$page is formatted without a warning" \
			sh -c "groff -man -Tutf8 -ww -t '$work/$page' 2>&1 >/dev/null | { ! grep .; }"
	fi
done
echo "1..$count"
