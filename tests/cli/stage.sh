# shellcheck shell=sh
# Sourced with sfmfa, sfmfad and source set: a private daemon, commands against it, TAP.
# shellcheck disable=SC2154 # those who source this
here=$source/tests/cli
# shellcheck source=tests/cli/tap.sh
. "$here/tap.sh"
chmod 711 "$work"
daemon=

finish() {
	[ -n "$daemon" ] && kill "$daemon" 2>/dev/null && wait "$daemon" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

if ! command -v python3 >/dev/null; then
	echo "1..0 # SKIP needs python3"
	exit 0
fi

# sfm ARGUMENT...: runs it without a terminal; output in out and err.
sfm() {
	setsid -w "$sfmfa" --runtime-dir "$work/run" --config "$work/sfmfa.conf" "$@" >"$work/out" 2>"$work/err" </dev/null
}
runs() { # STATUS ARGUMENT...
	want=$1
	shift
	sfm "$@"
	[ $? -eq "$want" ]
}
# talks STATUS [PROMPT ANSWER]... -- ARGUMENT...: the same on a terminal, which is shown in out.
talks() {
	want=$1
	shift
	words=$#
	while [ $words -gt 0 ]; do
		words=$((words - 1))
		word=$1
		shift
		set -- "$@" "$word"
		[ "$word" = -- ] && set -- "$@" "$sfmfa" --runtime-dir "$work/run" --config "$work/sfmfa.conf"
	done
	python3 "$here/talk.py" "$@" >"$work/out" 2>"$work/err"
	[ $? -eq "$want" ]
}
lacks() { # FILE TEXT
	! says "$1" "$2"
}
lines() { # COUNT
	[ "$(wc -l <"$work/out")" -eq "$1" ]
}
fits() { # COLUMNS
	python3 -c 'import sys; sys.exit(any(len(l.rstrip("\n")) > int(sys.argv[1]) for l in open(sys.argv[2])))' "$1" "$work/out"
}
# json EXPRESSION: out is one JSON value a line and nothing else; v is the first, vs are all.
json() {
	python3 -c '
import json, re, sys
vs = [json.loads(line) for line in open(sys.argv[1])]
v = vs[0] if vs else None
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
sys.exit(not eval("(" + sys.argv[2] + ")"))' "$work/out" "$1"
}

mkdir "$work/profiles.d"
for profile in "$source"/etc/profiles.d/*.conf; do
	install -m 644 "$profile" "$work/profiles.d/"
done
cat >"$work/sfmfa.conf" <<CONF
state_dir = "$work/state";
key_file = "$work/sealing.key";
runtime_dir = "$work/run";
config_dir = "$work";
run_as = "";
services = { api = [ "dovecot" ]; };
CONF
chmod 644 "$work/sfmfa.conf"
"$sfmfad" --foreground --config "$work/sfmfa.conf" 2>"$work/log" &
daemon=$!
tries=0
while [ ! -S "$work/run/root.sock" ] || [ ! -S "$work/run/sfmfa.sock" ]; do
	tries=$((tries + 1))
	if [ $tries -gt 200 ] || ! kill -0 "$daemon" 2>/dev/null; then
		echo "Bail out! the daemon does not start: $(cat "$work/log")"
		exit 1
	fi
	sleep 0.05
done
: >"$work/out"
: >"$work/err"

