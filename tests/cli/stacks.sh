#!/bin/sh
# stacks.sh SFMFA SOURCE: PAM stacks in order and out of it, and what check says of each, as TAP.
#
# tests/data/stacks/{good,bad}: the lines of a service, with comments that say which service it is, how it is mapped
# (# type:), lines of sshd_config (# sshd:), and what is found (# finds: SEVERITY LINE TEXT; LINE alone is of the
# service's file). "== NAME" begins another file of the folder.
sfmfa=$1
source=$2
. "$source/tests/cli/tap.sh"
trap 'rm -rf "$work"' EXIT
stacks=$source/tests/data/stacks

value() { # KEY FILE
	sed -n "s/^# $1: //p" "$2"
}
# prepare FILE: the folder, the configuration and sshd_config of a case.
prepare() {
	rm -rf "${work:?}/etc" "$work/pam.d" "$work/sshd_config"
	mkdir -p "$work/etc/profiles.d" "$work/pam.d"
	cp "$source"/etc/profiles.d/*.conf "$work/etc/profiles.d/"
	service=$(value service "$1")
	type=$(value type "$1")
	{
		echo "config_dir = \"$work/etc\"; protected_groups = [ ];"
		[ -z "$type" ] || [ "$type" = exempt ] || echo "services = { $type = [ \"$service\" ]; };"
	} >"$work/etc/sfmfa.conf"
	chmod -R go-w "$work/etc"
	awk -v folder="$work/pam.d" -v file="$service" '/^== / { file = $2; next } /^# (service|type|sshd|finds|file):/ { next }
		{ print > (folder "/" file) }' "$1"
	value sshd "$1" >"$work/sshd_config"
	set --
	[ -s "$work/sshd_config" ] && set -- --sshd-config "$work/sshd_config"
	"$sfmfa" --json --config "$work/etc/sfmfa.conf" check --pam-dir "$work/pam.d" "$@" >"$work/out" 2>"$work/err"
	status=$?
}
# nothing_found: whatever anybody is to read.
nothing_found() {
	[ "$status" -eq 0 ] && python3 -c 'import json, sys; sys.exit(json.load(open(sys.argv[1]))["findings"] != [])' "$work/out"
}
# finds_exactly FILE: what the case names, and nothing else.
finds_exactly() {
	python3 - "$1" "$work/out" "$service" "$status" <<'PYTHON'
import json, re, sys
case, out, service, status = sys.argv[1:]
found = json.load(open(out))["findings"]
wanted = [re.match(r"# finds: (\w+) (\S+) (.*)", line).groups() for line in open(case) if line.startswith("# finds:")]
left = list(found)
for severity, where, text in wanted:
    name, _, line = where.rpartition(":") if not where.isdigit() else ("", "", where)
    if name == "" and not where.isdigit():
        name, line = where, None
    for one in left:
        if one["severity"] == severity and text in one["text"] and (name == "" or one["file"].endswith("/" + name)) \
                and (line is None or one["line"] == int(line)):
            left.remove(one)
            break
    else:
        sys.exit(f"not found: {severity} {where} {text}: {found}")
if left:
    sys.exit(f"found besides: {left}")
if int(status) != (1 if any(severity == "error" for severity, _, _ in wanted) else 0):
    sys.exit(f"exit status {status}")
PYTHON
}

for case in "$stacks"/good/*; do
	prepare "$case"
	ok "in order: $(basename "$case")" nothing_found
done
for case in "$stacks"/bad/*; do
	prepare "$case"
	ok "found: $(basename "$case")" finds_exactly "$case"
done

# What Debian installs runs no line of ours, and is nobody's concern.
prepare "$stacks/good/ui-requisite"
"$sfmfa" --json --config "$work/etc/sfmfa.conf" check --pam-dir /etc/pam.d >"$work/out" 2>"$work/err"
status=$?
ok "in order: the services of this host as they are installed" nothing_found

# A file like any other, of any bytes: a finding or none, never a crash.
garbled() {
	python3 - "$sfmfa" "$work" "$stacks" <<'PYTHON'
import os, random, subprocess, sys
sfmfa, work, stacks = sys.argv[1:]
seeds = [open(os.path.join(stacks, kind, name), "rb").read() for kind in ("good", "bad")
         for name in sorted(os.listdir(os.path.join(stacks, kind)))]
dice = random.Random(20261124)
words = [b"[success=", b"99999999999]", b"]", b"[", b"\\\n", b"@include sshd", b"auth substack sshd", b"=", b"\0", b"\xff", b" ", b"-", b"[default=die", b"auth include other\n"]
for turn in range(300):
    text = bytearray(dice.choice(seeds))
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(text) + 1)
        cut = dice.randint(0, 6)
        text[at:at + cut] = dice.choice(words)
    with open(work + "/pam.d/sshd", "wb") as out:
        out.write(text)
    with open(work + "/sshd_config", "wb") as out:
        out.write(text)
    ended = subprocess.run([sfmfa, "--config", work + "/etc/sfmfa.conf", "check", "--pam-dir", work + "/pam.d", "--sshd-config",
                            work + "/sshd_config"], capture_output=True)
    if ended.returncode not in (0, 1) or ended.stderr:
        sys.exit(f"turn {turn}: {ended.returncode} {ended.stderr!r}")
PYTHON
}
ok "300 garbled stacks end in findings" garbled

echo "1..$count"
