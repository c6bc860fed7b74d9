#!/bin/sh
# The units, sysusers.d and tmpfiles.d are legal, the service keeps what it gave away, the packages have the version of
# the project. Speaks TAP.
# shellcheck disable=SC2015 # what is said is a failure
# usage: units.sh SOURCE-FOLDER BUILD-FOLDER
source=$1 build=$2
for tool in systemd-analyze systemd-sysusers systemd-tmpfiles; do
    command -v "$tool" >/dev/null || { echo "1..0 # SKIP $tool is not installed"; exit 0; }
done
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cp "$source"/share/systemd/*.socket "$work/"
# The daemon is not installed where the tests run.
sed 's|^\(Exec[A-Za-z]*=[-+]*\)/[^ ]*sfmfad|\1/bin/true|' "$build/share/systemd/sfmfad.service" >"$work/sfmfad.service"

number=0
check() # NAME COMMAND... : it succeeds and says nothing
{
    name=$1
    shift
    number=$((number + 1))
    if "$@" >"$work/out" 2>&1 && [ ! -s "$work/out" ]; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        sed 's/^/# /' "$work/out"
    fi
}
# Tenths of systemd's measure; what remains is named in the unit with its reason.
exposure()
{
    systemd-analyze security --no-pager --offline=true --threshold=10 "$work/sfmfad.service" >"$work/report" 2>&1 ||
        { grep -v '✓' "$work/report"; return 1; }
}
folders() { systemd-tmpfiles --create --root="$work/root" "$source/share/systemd/tmpfiles.conf"; }
users()
{
    systemd-sysusers --root="$work/root" "$source/share/systemd/sysusers.conf" >"$work/said" 2>&1 || cat "$work/said"
    grep -q '^sfmfa:.*:/var/lib/sfmfa:/usr/sbin/nologin$' "$work/root/etc/passwd"
}
same_version()
{
    package=$(sed -n '1s/^sfmfa (\([^)]*\)).*/\1/p' "$source/debian/changelog")
    meson=$(sed -n "s/^  version: '\(.*\)',/\1/p" "$source/meson.build")
    [ -n "$meson" ] && [ "$package" = "$meson" ] || echo "$package is not $meson"
}
mkdir -p "$work/root/etc"
check "the packages have the version of meson.build" same_version
check "units are legal" systemd-analyze verify --man=no "$work/sfmfad.service" "$work/sfmfad.socket" "$work/sfmfad-root.socket"
check "the service is exposed by 1.0 of 10 at most" exposure
if [ "$(id -u)" -eq 0 ]; then
    check "sysusers.d makes the user" users
    check "tmpfiles.d makes the folder" folders
    check "which is root's, and nobody else's to write" test "$(stat -c '%u %a' "$work/root/run/sfmfa" 2>&1)" = "0 755"
fi
echo "1..$number"
