#!/bin/sh
# The configuration in sfmfa-recipes(7) is what it says: legal, and without a finding. So are the stacks of etc/pam.d,
# which the pages show. Speaks TAP.
# usage: recipes.sh SFMFA SOURCE-FOLDER
sfmfa=$1 source=$2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/profiles.d" "$work/apps.d"
cp "$source"/etc/profiles.d/*.conf "$work/profiles.d/"

# block PATH FILE: the block under the line "PATH:" of the page.
block()
{
    awk -v path="$1:" '$0 == path {found = 1; next} found && /^```/ {if (inside) exit; inside = 1; next} inside' \
        "$source/man/sfmfa-recipes.7.scd" >"$2"
}

block /etc/sfmfa/profiles.d/staff.conf "$work/profiles.d/staff.conf"
block /etc/sfmfa/profiles.d/contractor.conf "$work/profiles.d/contractor.conf"
block /etc/sfmfa/apps.d/reports.conf "$work/apps.d/reports.conf"
# The public key of somebody: which one does not matter here.
cat >"$work/apps.d/reports.pem" <<PEM
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEz9opVKLIZNyw8hLjsN5NzbOth/Me
gTjTOtffKxzORFVN7Xt07Bhvgrb5I1SxL5rFNA0GuZEPYhDpsPH2qZTTWQ==
-----END PUBLIC KEY-----
PEM
block /etc/sfmfa/sfmfa.conf "$work/services"
{ echo "config_dir = \"$work\";"; cat "$work/services"; } >"$work/sfmfa.conf"
chmod -R go-w "$work"
echo 1..10
for part in profiles.d/staff.conf profiles.d/contractor.conf apps.d/reports.conf services; do
    if [ -s "$work/$part" ]; then echo "ok - the page has $part"; else echo "not ok - the page has $part"; fi
done
# The group is the page's; on this machine it may not exist, and that is all that may be found.
if "$sfmfa" check --config "$work/sfmfa.conf" >"$work/out" 2>&1 ||
    ! grep '^error\|^warning' "$work/out" | grep -qv 'the Unix group staff'; then
    echo "ok - its configuration is in order"
else
    echo "not ok - its configuration is in order"
    sed 's/^/# /' "$work/out"
fi

# ---- the stacks ----

# Included by them; as Debian 12 writes them.
mkdir "$work/pam.d"
cp "$source"/etc/pam.d/* "$work/pam.d/"
for type in auth account session password; do
    case $type in
    auth) unix='auth [success=1 default=ignore] pam_unix.so' ;;
    account) unix='account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so' ;;
    session) unix='session [default=1] pam_permit.so' ;;
    password) unix='password [success=1 default=ignore] pam_unix.so obscure yescrypt' ;;
    esac
    printf '%s\n%s requisite pam_deny.so\n%s required pam_permit.so\n' "$unix" "$type" "$type" >"$work/pam.d/common-$type"
done
cp "$work/pam.d/common-session" "$work/pam.d/common-session-noninteractive"
printf 'auth required pam_deny.so\naccount required pam_deny.so\n' >"$work/pam.d/other"
cat >"$work/sfmfa.conf" <<CONF
config_dir = "$work";
services = { api = [ "dovecot", "nginx", "openvpn", "postgresql", "sshd-api", "vsftpd" ]; };
CONF
rm -f "$work/profiles.d/staff.conf" "$work/profiles.d/contractor.conf" "$work"/apps.d/*
printf 'UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\n' >"$work/sshd_config"
if "$sfmfa" check --config "$work/sfmfa.conf" --pam-dir "$work/pam.d" --sshd-config "$work/sshd_config" >"$work/out" 2>&1 &&
    ! grep -q '^error\|^warning' "$work/out"; then
    echo "ok - nothing is found in the stacks of etc/pam.d"
else
    echo "not ok - nothing is found in the stacks of etc/pam.d"
    sed 's/^/# /' "$work/out"
fi

# lines FILE: of a stack, without comments and with single spaces.
lines() { sed 's/#.*//; s/[[:space:]]\{1,\}/ /g; s/ $//; /^ *$/d' "$1"; }
# shown NAME STACK PAGE HEADING: every line of the block under the heading is in the stack, in that order.
shown()
{
    awk -v heading="$4" '$0 == heading {found = 1; next} found && /^```/ {if (inside) exit; inside = 1; next} inside' "$source/man/$3" >"$work/block"
    lines "$work/block" >"$work/wanted"
    lines "$source/etc/pam.d/$2" >"$work/stack"
    if [ -s "$work/wanted" ] && awk 'NR == FNR {want[++count] = $0; next} $0 == want[at + 1] {at++} END {exit at != count}' "$work/wanted" "$work/stack"; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        diff "$work/wanted" "$work/stack" | sed 's/^/# /'
    fi
}
shown "pam_sfmfa(8) shows the lines of sshd" sshd pam_sfmfa.8.scd "## A service with a dialogue"
shown "pam_sfmfa(8) shows the lines of dovecot" dovecot pam_sfmfa.8.scd "## A service with one password field"
shown "sfmfa-recipes(7) shows those of sshd" sshd sfmfa-recipes.7.scd "/etc/pam.d/sshd, with Debian's own lines around (see *pam_sfmfa*(8)):"
shown "sfmfa-recipes(7) shows those of dovecot" dovecot sfmfa-recipes.7.scd "/etc/pam.d/dovecot:"
