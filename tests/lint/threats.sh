#!/bin/sh
# threats.sh SOURCE: every test that docs/threats.md rests on is there, as TAP.
source=$1
count=0
tick=$(printf '\140')
for name in $(grep -o "${tick}[^${tick} ]*${tick}" "$source/docs/threats.md" | tr -d "$tick" | grep -E '^([a-z0-9_]+\.[a-z0-9_]+$|tests/|rule_)' | sort -u); do
	count=$((count + 1))
	found=no
	case $name in
	tests/*) [ -e "$source/$name" ] && found=yes ;;
	rule_*) grep -rqF "Test($name, " "$source/tests" && found=yes ;;
	*) grep -rqF "Test(${name%%.*}, ${name#*.}" "$source/tests" && found=yes ;;
	esac
	if [ $found = yes ]; then echo "ok $count - $name"; else echo "not ok $count - $name is not there"; fi
done
[ $count -ge 50 ] || echo "not ok $((count + 1)) - hardly any test is named"
echo "1..$count"
