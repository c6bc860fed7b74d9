#!/bin/bash
# The Debian packages: built, installed, upgraded, removed and purged, with dpkg and pam-auth-update as they are.
# usage: package.sh SOURCE BUILD
# shellcheck disable=SC2015,SC2016,SC2154,SC2317 # functions are called by check, and what eval is for expands there
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
for tool in dh lintian; do
    command -v "$tool" >/dev/null || { echo "1..0 # SKIP $tool is not installed"; exit 0; }
done
if [ -z "${SFMFA_WORLD:-}" ]; then
    [ -n "${SFMFA_LONG:-}" ] || { echo "1..0 # SKIP builds packages, which takes minutes (SFMFA_LONG=1)"; exit 0; }
    rm -rf "$build/package"
    "$source/scripts/package" "$build/package" >"$build/package.log" 2>&1 ||
        { tail -40 "$build/package.log" | sed 's/^/# /'; echo "Bail out! scripts/package fails"; exit 1; }
fi
world_enter "$here/package.sh" "$source" "$build"
world_make alice bob
# The packages bring all of it themselves.
userdel sfmfa
rm -rf /etc/sfmfa /var/lib/sfmfa /run/sfmfa
world_cover usr
export DEBIAN_FRONTEND=noninteractive
mkdir -p /usr/sbin && printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d
version=$(dpkg-parsechangelog -l "$source/debian/changelog" -S Version)
module=$(dpkg-deb -c "$build"/package/libpam-sfmfa_"$version"_*.deb | awk '/pam_sfmfa.so$/ { print substr($NF, 2) }')
sfmfa() { /usr/bin/sfmfa "$@"; }
packages() { dpkg "$@" >"$world/dpkg.out" 2>&1 || { cat "$world/dpkg.out"; return 1; }; }
said() { grep -q "$1" "$world/dpkg.out" || { cat "$world/dpkg.out"; return 1; }; }
names_module() { grep -lE '^[^#]*pam_sfmfa\.so' /etc/pam.d/* 2>/dev/null; }
# names_missing: a stack that names a module that is not there.
names_missing() { [ ! -e "$module" ] && names_module; }
# logs_in USER ANSWER... : through common-auth and common-account, with the real pam_unix.
logs_in() { "$build/tests/lib/pamtalk" people "$@" >"$world/talk.out" 2>&1 || { cat "$world/talk.out"; return 1; }; }
printf '@include common-auth\n@include common-account\n' >/etc/pam.d/people
code() { "$build/tests/lib/authenticator" <"$world/bob.key"; }
# again PACKAGE VERSION: the same package under another version.
again()
{
    dpkg-deb -R "$build"/package/"$1"_"$version"_*.deb "$world/tree" &&
        sed -i "s/^Version: .*/Version: $2/; s/sfmfa (= $version)/sfmfa (= $2)/" "$world/tree/DEBIAN/control" &&
        dpkg-deb -b "$world/tree" "$world/$1.deb" >/dev/null && rm -rf "$world/tree"
}

# ---- install ----

check "the packages are installed" packages -i "$build"/package/libpam-sfmfa_"$version"_*.deb "$build"/package/sfmfa_"$version"_*.deb
check "the daemon has a user of its own" value_is /usr/sbin/nologin eval 'getent passwd sfmfa | cut -d: -f7'
check "a key was made, for root and the daemon" value_is "root sfmfa 640" stat -c '%U %G %a' /etc/sfmfa/sealing.key
check "the folder of the sockets is root's" value_is "root root 755" stat -c '%U %G %a' /run/sfmfa
check "status is well, with no daemon running" sfmfa status
check "the configuration is in order" sfmfa check --quiet
check "the sockets are listened at after the next boot" test -e /etc/systemd/system/sockets.target.wants/sfmfad.socket
check "and root's is" test -e /etc/systemd/system/sockets.target.wants/sfmfad-root.socket
check "no stack has changed" not names_module
check "a password is enough" logs_in alice "correct horse alice"

# ---- pam-auth-update ----

check "the profile is switched on" pam-auth-update --package --enable sfmfa
check "and is in three stacks of interactive logins" value_is "common-account common-auth common-password common-session" \
    eval 'cd /etc/pam.d && echo $(grep -lE "^[^#]*pam_sfmfa" *)'
# Debian's sshd asks nothing but the password, and its i3lock has no account line, whatever we do.
errors_of_ours() { sfmfa check | grep '^error' | grep -v 'service sshd: nobody can be asked\|service i3lock: there is no account line'; }
check "which check finds no error in" value_is "" errors_of_ours
check "who owes nothing logs in" logs_in alice "correct horse alice"
check "not with a wrong password" not logs_in alice "wrong horse alice"
sfmfa profile assign bob mfa >/dev/null
sfmfa --json enroll bob --no-confirm 2>/dev/null | json secret >"$world/bob.key"
check "who owes a factor logs in with it" eval 'logs_in bob "correct horse bob" "$(code)"'
check "not without" not logs_in bob "correct horse bob" 000000
# As after an ssh key: sfmfa has seen no factor, and pam_unix would end the stack at the expired password.
chage -d 0 bob
check "an expired password is no way round the factor" eval '"$build/tests/lib/pamtalk" --phases acct people bob | grep "^account: Permission denied"'
chage -d "$(date +%F)" bob

# ---- upgrade ----

again sfmfa "$version+1"
again libpam-sfmfa "$version+1"
sfmfad --foreground >>"$world/daemon.log" 2>&1 &
running=$!
soon test -S /run/sfmfa/root.sock
# Logins without a pause until told to stop; each that is refused leaves a line.
: >"$world/refused"
(while [ ! -e "$world/enough" ]; do
    echo x >>"$world/tried"
    "$build/tests/lib/pamtalk" people alice "correct horse alice" >"$world/loop.out" 2>&1 || cat "$world/loop.out" >>"$world/refused"
done) &
loop=$!
soon test -s "$world/tried"
check "a new daemon is put in place under an old module" packages -i --force-depends "$world/sfmfa.deb"
kill "$running"
wait "$running"
check "who owes nothing logs in with the old module" logs_in alice "correct horse alice"
check "then the module" packages -i "$world/libpam-sfmfa.deb"
check "back to the old daemon, under the new module" packages -i --force-depends --force-downgrade "$build"/package/sfmfa_"$version"_*.deb
check "who owes nothing logs in with the new module" logs_in alice "correct horse alice"
check "and to the old module" packages -i --force-downgrade "$build"/package/libpam-sfmfa_"$version"_*.deb
touch "$world/enough"
wait "$loop"
check "there were logins all the while" test "$(wc -l <"$world/tried")" -ge 3
check "and none was refused" test ! -s "$world/refused"
echo 'no_such_option = 1;' >>/etc/sfmfa/sfmfa.conf
check "an upgrade with a broken configuration goes through" packages -i --force-confold "$world/sfmfa.deb" "$world/libpam-sfmfa.deb"
check "and says that the daemon was not restarted" said "is not restarted"
check "and where it is broken" said "sfmfa.conf:[0-9]*"
sed -i '/no_such_option/d' /etc/sfmfa/sfmfa.conf

# ---- remove ----

check "the daemon is not removed from under the module" not packages -r sfmfa
printf 'auth required pam_permit.so\nauth required pam_sfmfa.so\n' >/etc/pam.d/byhand
check "with a stack written by hand the removal is refused" not packages -r libpam-sfmfa
check "and says where" said '^/etc/pam.d/byhand:2: '
check "the module is still there" test -e "$module"
check "and still asked" not logs_in bob "correct horse bob" 000000
check "dpkg is content" value_is "" dpkg --audit
sed -i 's/^auth required pam_sfmfa/#&/' /etc/pam.d/byhand
cp /etc/pam.d/common-auth "$world/common-auth"
sed -i 's/pam_sfmfa\.so$/pam_sfmfa.so debug/; s/pam_unix\.so nullok/pam_unix.so/' /etc/pam.d/common-auth
sed -i 's/^# here are the per-package modules.*/# changed by hand/' /etc/pam.d/common-auth
check "with a common-auth changed by hand, too" not packages -r libpam-sfmfa
check "and no stack names a module that is not there" not names_missing
cp "$world/common-auth" /etc/pam.d/common-auth
check "without such lines it is removed" packages -r libpam-sfmfa
check "which is told" said "no login asks for a second factor"
check "no stack names the module" not names_module
check "the password is enough again" logs_in bob "correct horse bob"
check "then the daemon is removed" packages -r sfmfa
check "what is the users' is kept" test -s /var/lib/sfmfa/sfmfa.db
check "and so is the key" test -s /etc/sfmfa/sealing.key
check "installed again, they know it" eval 'packages -i "$world/sfmfa.deb" "$world/libpam-sfmfa.deb" && user_is bob app completed'
check "purged" packages -P libpam-sfmfa sfmfa
check "nothing is left" value_is "" eval 'ls -d /etc/sfmfa /var/lib/sfmfa /run/sfmfa "$module" /usr/sbin/sfmfad 2>/dev/null'
tap_end
