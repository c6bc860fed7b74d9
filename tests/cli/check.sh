#!/bin/sh
# check.sh SFMFA SOURCE: what sfmfa check finds, as TAP; no daemon.
sfmfa=$1
source=$2
. "$source/tests/cli/tap.sh"
trap 'rm -rf "$work"' EXIT
: >"$work/err"
fresh() { # the configuration as installed, and an empty folder of services
	rm -rf "${work:?}/etc" "$work/pam.d"
	mkdir -p "$work/etc/profiles.d" "$work/etc/permission-sets.d" "$work/etc/permission-set-groups.d" "$work/pam.d"
	cp "$source"/etc/profiles.d/*.conf "$work/etc/profiles.d/"
	echo "config_dir = \"$work/etc\"; protected_groups = [ ];" >"$work/etc/sfmfa.conf"
	chmod -R go-w "$work/etc"
}
finds() { # STATUS TEXT: exit status, and a finding that says so
	"$sfmfa" --config "$work/etc/sfmfa.conf" check --pam-dir "$work/pam.d" >"$work/out" 2>&1
	[ $? -eq "$1" ] && tr -s ' \n' ' ' <"$work/out" | grep -qF -- "$2"
}
standard() { # LINE...: replaces the standard profile
	printf '%s\n' "$@" >"$work/etc/profiles.d/standard.conf"
}

fresh
ok "as installed it is in order" finds 0 "The configuration is in order."
standard 'permissions = [ "api-enabled" ];' 'login_hours = { zone = "UTC"; mon = "closed"; tue = "closed"; wed = "closed";' \
	'thu = "closed"; fri = "closed"; sat = "closed"; sun = "closed"; };'
ok "hours that are closed on every day shut every administrator out" \
	finds 1 "every administrator (root, members of protected_groups) is shut out: root: login_hours are closed"
ok "at the line that does it" finds 1 "standard.conf:2 every administrator"
standard 'permissions = [ "api-enabled", "api-only-user" ];'
ok "and api-only-user" finds 1 "is shut out: root: api-only-user closes interactive logins"
standard 'license = "limited-access-free";' 'permissions = [ "mfa-ui-logins" ];'
ok "and a license that forbids what is held" finds 1 "is shut out: root: mfa-ui-logins is held although"
echo 'permissions = [ "api-enabled" ]; priority = 1; members = { users = [ "root" ]; };' >"$work/etc/profiles.d/rescue.conf"
ok "one who is left is enough" finds 1 "the license of this profile forbids"
ok "and no more is said" sh -c "! grep -q 'every administrator' '$work/out'"

# The other lines of a stack that is in order.
account='account required pam_sfmfa.so'
password='auth requisite pam_unix.so'

fresh
echo "$password" >"$work/pam.d/plain"
ok "a service without pam_sfmfa is nobody's concern" finds 0 "in order"
printf '%s\nauth required pam_sfmfa.so\n%s\n' "$password" "$account" >"$work/pam.d/sshd"
ok "nor is one that is mapped" finds 0 "in order"
printf '# a comment\n%s\nauth required \\\n  /lib/security/pam_sfmfa.so debug\n%s\n' "$password" "$account" >"$work/pam.d/myapp"
ok "an unmapped one is told" finds 0 "service myapp is in no list of services and counts as ui"
ok "with file and line" finds 0 "pam.d/myapp:3 service myapp"
printf '%s\nauth required pam_sfmfa.so login_type=ui\n%s\n' "$password" "$account" >"$work/pam.d/myapp"
ok "unless its line says what it is" finds 0 "in order"
printf '@include common-mfa\n' >"$work/pam.d/myapp"
printf '%s\nauth required pam_sfmfa.so\n%s\n' "$password" "$account" >"$work/pam.d/common-mfa"
ok "through @include" finds 0 "common-mfa:2 service myapp"
printf 'auth substack deep\naccount include deep\n' >"$work/pam.d/myapp"
printf -- '%s\n-auth [success=1 default=bad] pam_sfmfa.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n%s\n' \
	"$password" "$account" >"$work/pam.d/deep"
ok "through a substack, with a control in brackets" finds 0 "deep:2 service myapp"
ok "a file that others take in is no service" sh -c "! grep -q 'service deep' '$work/out'"
printf 'auth include myapp\n' >"$work/pam.d/myapp"
ok "files that include one another end" finds 0 "without an end"
printf 'auth include nowhere\n' >"$work/pam.d/myapp"
ok "a file that is not there is told" finds 0 "nowhere service myapp: cannot be opened"
printf 'auth required\n' >"$work/pam.d/myapp"
ok "a line that is none is told" finds 0 "myapp:1 service myapp: the line names no module"
printf 'garbage required pam_sfmfa.so\n' >"$work/pam.d/myapp"
ok "so is a type that is none" finds 0 "'garbage' is not a type"
head -c 300000 /dev/urandom >"$work/pam.d/myapp"
ok "and garbage ends in a finding" finds 0 "service myapp"
rm -rf "$work/pam.d"
ok "a folder of services that is named and not there is an error" finds 1 "pam.d cannot be listed: No such file"
"$sfmfa" --json --config "$work/etc/sfmfa.conf" check >"$work/out"
ok "as JSON one object" sh -c "python3 -c 'import json,sys; v=json.load(open(sys.argv[1])); assert v[\"ok\"] is True' '$work/out'"

fresh
mkfifo "$work/pam.d/held"
ok "a fifo for a service holds nobody up" finds 0 "not a regular file"
rm "$work/pam.d/held"
mkdir "$work/pam.d/folder"
ok "nor does a folder" finds 0 "Is a directory"
rmdir "$work/pam.d/folder"
echo 'auth required pam_unix.so' >"$work/plain"
ln -s "$work/plain" "$work/pam.d/plain"
ok "links are followed, as libpam does" finds 0 "in order"
echo "1..$count"
