#!/bin/sh
# bad_input.sh SFMFA SFMFAD SOURCE: files, readers and screens that are not as they should be, as TAP.
# SFMFA_LONG=1: a file of a million lines.
# shellcheck disable=SC2034 # read by stage.sh
sfmfa=$1
sfmfad=$2
source=$3
. "$source/tests/cli/stage.sh"

hex=3132333435363738393031323334353637383930
lines=5000
[ -n "${SFMFA_LONG:-}" ] && lines=1000000
users() { # COUNT FILE [BROKEN-LINE]
	awk -v key=$hex -v count="$1" -v broken="${3:-0}" 'BEGIN {
		for (i = 1; i <= count; i++)
			if (i == broken) printf "HOTP/T30 broken%07d - %sXY\n", i, key
			else printf "HOTP/T30 many%07d - %s\n", i, key
	}' >"$2"
}
nobody_yet() {
	runs 0 user list --json && silent
}
same_daemon() {
	kill -0 "$daemon" && runs 0 status
}
tells_no_secret() {
	! grep -qE "$hex|broken00|many00" "$work/out" "$work/err"
}

# A long file with one broken line.
broken=$((lines * 9 / 10 + 1))
users "$lines" "$work/long.oath" "$broken"
ok "a file of $lines lines, of which one is broken, is refused" runs 1 import oath "$work/long.oath"
ok "by the number of that line" says err "long.oath:$broken: "
ok "and of no other" [ "$(grep -c 'long.oath:' "$work/err")" -eq 1 ]
ok "never by what stands in it" tells_no_secret
ok "nothing was imported" says err "nothing was imported"
ok "nobody of it is there" nobody_yet
rm "$work/long.oath"

# A file that is not UTF-8, here and there.
printf 'HOTP/T30 good - %s\nHOTP/T30 b\303 - %s\nHOTP/T30 c\355\240\200 - %s\nHOTP/T30 d\300\257 - %s\n# caf\351\n' \
	$hex $hex $hex $hex >"$work/latin.oath"
ok "names that are not UTF-8 are refused" runs 1 import oath "$work/latin.oath"
for line in 2 3 4; do
	ok "line $line by its number" says err "latin.oath:$line: "
done
ok "a comment may be" lacks err "latin.oath:5: "
ok "their bytes are not shown" python3 -c 'import sys; open(sys.argv[1], "rb").read().decode("ascii")' "$work/err"
ok "nobody of them is there" nobody_yet

# A file that somebody writes to while it is read. It is open, and not at its end, when it is found among the files
# of the process, which waits for a page meanwhile, stopped.
grows() {
	users 20000 "$work/grows.oath"
	"$sfmfa" --runtime-dir "$work/run" import oath "$work/grows.oath" --yes >"$work/out" 2>"$work/err" &
	importer=$!
	while kill -0 $importer 2>/dev/null && ! find "/proc/$importer/fd" -lname "$work/grows.oath" 2>/dev/null | grep -q .; do :; done
	kill -STOP $importer
	echo "HOTP/T30 late - $hex" >>"$work/grows.oath"
	kill -CONT $importer
	wait $importer
	[ $? -eq 3 ]
}
ok "a file that grows while it is read is refused" grows
ok "with a sentence" says err "grows.oath was written to meanwhile: nothing was imported"
ok "nobody of it is there" nobody_yet
rm -f "$work/grows.oath"

# Whoever reads what is printed goes away.
users 4000 "$work/many.oath"
ok "many users" runs 0 import oath "$work/many.oath"
goes_away() { # ARGUMENT...: without SIGPIPE, and by it
	(
		trap '' PIPE
		"$sfmfa" --runtime-dir "$work/run" "$@" 2>"$work/err"
		echo $? >"$work/out"
	) | head -1 >/dev/null
	[ "$(cat "$work/out")" -eq 3 ] || return 1
	[ ! -s "$work/err" ] || return 1
	{
		sh -c '"$@" 2>/dev/null; echo $? >"$0"' "$work/out" "$sfmfa" --runtime-dir "$work/run" "$@"
	} | head -1 >/dev/null
	[ "$(cat "$work/out")" -eq 141 ]
}
for words in "user list" "user list --json"; do
	# shellcheck disable=SC2086 # words of a command
	ok "a reader of $words that goes away ends it, and nothing is said" goes_away $words
	ok "and sfmfad goes on" same_daemon
done
full() {
	"$sfmfa" --runtime-dir "$work/run" user list >/dev/full 2>"$work/err"
	[ $? -eq 3 ]
}
ok "an output that is full is a failure" full
ok "which is said" says err "cannot write the output: No space left on device"
if command -v strace >/dev/null; then
	stops_asking() {
		(
			trap '' PIPE
			strace -qq -o "$work/trace" -e trace=connect "$sfmfa" --runtime-dir "$work/run" user list --json 2>"$work/err"
		) | head -1 >/dev/null
		asked=$(grep -c connect "$work/trace")
		[ "$asked" -gt 0 ] && [ "$asked" -lt 20 ]
	}
	ok "of 80 pages few are asked for once nobody reads" stops_asking
fi

# A screen of forty columns.
narrow() { # ARGUMENT...
	COLUMNS=40 sfm "$@" && [ -s "$work/out" ] && fits 40
}
ok "a token" runs 0 token new many0000001 --label "a-label-that-is-rather-long-for-forty" --service dovecot --from 2001:db8:1234:5678::/64
ok "a set of assignments" runs 0 perm assign many0000001 mfa-ui-logins mfa-api-logins manage-profiles-and-permission-sets
for words in "user list --state pending" "user show many0000001" "token list many0000001" "perm list many0000001" \
	"profile list" "profile show mfa-api" "log --limit 5" "log many0000001"; do
	# shellcheck disable=SC2086 # words of a command
	ok "forty columns suffice for $words" narrow $words
done
echo "1..$count"
