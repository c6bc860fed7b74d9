#!/bin/sh
# The configuration in sfmfa-recipes(7) is what it says: legal, and without a finding. Speaks TAP.
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
echo 1..5
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
