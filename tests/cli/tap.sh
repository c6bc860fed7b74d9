# shellcheck shell=sh
# Sourced: what the tests of the command line say and ask, as TAP; the output of a command is in $work/out and $work/err.
work=$(mktemp -d) || exit 1
count=0

ok() { # DESCRIPTION COMMAND...: passes if the command succeeds
	what=$1
	shift
	count=$((count + 1))
	if "$@"; then echo "ok $count - $what"; else
		echo "not ok $count - $what"
		sed 's/^/# out: /' "$work/out"
		sed 's/^/# err: /' "$work/err"
	fi
}
says() { # FILE TEXT
	grep -qF -- "$2" "$work/$1"
}
silent() {
	[ ! -s "$work/out" ]
}
one_line_error() {
	[ "$(wc -l <"$work/err")" -eq 1 ] && grep -q '^sfmfa: ' "$work/err"
}
