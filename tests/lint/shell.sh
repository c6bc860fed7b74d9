#!/bin/sh
# What shellcheck says of the scripts: nothing. Speaks TAP.
# usage: shell.sh SOURCE
cd "$1" || exit 1
if ! command -v shellcheck >/dev/null; then
	echo "1..0 # SKIP shellcheck is not installed"
	exit 0
fi
findings=$(shellcheck --external-sources --format=gcc scripts/* tests/check-exports tests/*/*.sh 2>&1)
if [ -z "$findings" ]; then echo "ok 1 - nothing is found in the scripts"; else
	echo "not ok 1 - nothing is found in the scripts"
	echo "$findings" | sed 's/^/# /'
fi
# shellcheck disable=SC2016 # the fault
if echo 'rm -rf $1/etc' | shellcheck --shell=sh - >/dev/null; then echo "not ok 2 - a fault would be"; else
	echo "ok 2 - a fault would be"
fi
echo "1..2"
