#!/bin/sh
# analyse.sh SOURCE TOOL: what scripts/analyse finds with one of its quick tools, as TAP.
source=$1
tool=$2
if ! command -v "$tool" >/dev/null; then
	echo "1..0 # SKIP needs $tool (scripts/packages.sh)"
	exit 0
fi
echo "1..1"
if "$source/scripts/analyse" "$tool" >"${TMPDIR:-/tmp}/sfmfa-analyse.$$" 2>&1; then
	echo "ok 1 - $tool finds nothing"
else
	echo "not ok 1 - $tool finds nothing"
	sed 's/^/# /' "${TMPDIR:-/tmp}/sfmfa-analyse.$$"
fi
rm -f "${TMPDIR:-/tmp}/sfmfa-analyse.$$"
