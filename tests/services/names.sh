#!/bin/bash
# A directory behind the name service: names in capitals, groups, errors, silence (rules 1, 2, 3.4).
# usage: names.sh SOURCE BUILD
# shellcheck disable=SC2015,SC2016,SC2317 # functions are called by check, and what they are given is for another shell
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/api.sh
. "$here/api.sh"
world_enter "$here/names.sh" "$source" "$build"
api_world bob frank
# Set-uid programs load it too, so it has to be where the linker looks.
mkdir "$world/lib"
install -m 644 "$build/tests/services/libnss_sfmfatest.so.2" "$world/lib/"
echo "$world/lib" >/etc/ld.so.conf.d/sfmfatest.conf
ldconfig -X
printf '%s\n' "passwd: files sfmfatest" "group: files sfmfatest" "shadow: files" >/etc/nsswitch.conf
: >/run/sfmfa-nss
install -m 666 /dev/null /run/sfmfa-nss-hanging
password=$(openssl passwd -6 "correct horse")

# directory [LINE]... : what it says from now on, besides the people who are always there.
directory()
{
    {
        printf '%s\n' fold "$@"
        printf 'user %s %s 3000 %s\n' alice 2001 "$password" carol 2002 "$password" dave 2003 "$password" erin 2004 "$password"
        echo "group everybody 3000"
    } >/run/sfmfa-nss.new
    mv /run/sfmfa-nss.new /run/sfmfa-nss
}
crew='group crew 3001 alice,carol' ops='group ops 3002 erin' keepers='group keepers 3003 erin'
directory "$crew" "$ops" "$keepers"

# A program with a login, pamtalk, that does not wait after a refusal.
install -m 644 "$build/tests/services/no_wait.so" "$world/"
printf '#!/bin/sh\nLD_PRELOAD=%s exec %s "$@"\n' "$world/no_wait.so" "$world/pamtalk" >"$world/talk"
chmod 755 "$world/talk"

# says WANTED COMMAND... : pamtalk's last line.
says()
{
    "${@:2}" >"$world/talk.out" 2>&1
    tail -1 "$world/talk.out" | grep -qx "$1" || { cat "$world/talk.out"; return 1; }
}
in='account: Success'
wrong='authenticate: Authentication failure'
no_answer='authenticate: Authentication service cannot retrieve authentication info'
no_account='account: Authentication service cannot retrieve authentication info'
configuration='authenticate: Error in service module'
# root_login WANTED USER [ANSWER]...: a program of root's; own_login: one of the user's own.
root_login() { says "$1" "$world/talk" login "${@:2}"; }
own_login() { local name=$3; says "$1" as "$2" "$world/talk" login "$name" "${@:4}"; }
# by_number UID COMMAND... : as a user who is not looked up for it, as setpriv does.
by_number() { perl -e 'my $uid = shift; $) = "3000 3000"; $( = 3000; ($<, $>) = ($uid, $uid); exec @ARGV' "$@"; }
failures_are() { user_is alice failures "$1"; }
refused() { ! sfmfa "$@" >"$world/talk.out" 2>&1 || { cat "$world/talk.out"; return 1; }; }
# checks PATTERN: sfmfa check fails and says so.
checks() { ! sfmfa check >"$world/talk.out" && grep -q "$1" "$world/talk.out" || { cat "$world/talk.out"; return 1; }; }
checks_nothing_of() { sfmfa check >"$world/talk.out"; ! grep "$1" "$world/talk.out"; }

configure 'services = { api = [ "vpn" ]; };'
configure 'trusted_callers = ( { user = "bob"; services = [ "vpn" ]; } );'
printf '%s\n' "auth required $module ask" "account required $module" >/etc/pam.d/vpn
protect su
daemon_start

# ---- one user, however the name is written ----

check "the directory knows one user under three names" value_is "2001 2001 2001 " eval 'for n in alice Alice ALICE; do echo -n "$(id -u $n) "; done'
check "ALICE is to use a second factor" sfmfa profile assign ALICE mfa
check "that is alice" user_is alice profile mfa
check "Alice gets an app" enrol Alice
cp "$world/Alice.key" "$world/alice.key"
check "that is alice's" user_is alice app pending
fresh_code alice
check "a login of aLICE with its code" root_login "$in" aLICE "$code"
check "the event is alice's" last_event alice verdict=allow method=totp
check "and nobody is called aLICE" no_event aLICE
check "the code is spent for alice" root_login "$wrong" alice "$code"
check "as for ALICE" root_login "$wrong" ALICE "$code"
check "wrong codes of ALICE" root_login "$wrong" ALICE 000000
check "and of Alice" root_login "$wrong" Alice 000000
check "count together" failures_are 2
fresh_code alice
check "su to ALICE" eval 'terminal_of bob "Password: " "correct horse" "code: " "$code" -- su ALICE -c "$(leave_trace)"; is_in alice'
check "is a login of alice's" last_event alice service=su verdict=allow level=high-assurance
fresh_code alice
check "her own program asks about ALICE" own_login "$in" alice ALICE "$code"
check "and verifies alice's factor" last_event alice verdict=allow caller=2001
check "with the code spent for root too" root_login "$wrong" alice "$code"
own_wrong() { own_login "$wrong" alice "$1" 000000; }
check "nine wrong answers to her own programs" eval 'for n in alice Alice ALICE alice Alice ALICE alice Alice ALICE; do own_wrong $n || break; done'
check "and a tenth" own_wrong AlicE
check "lock all her spellings out of them" own_login "$wrong" alice ALICE
check "the event says so" last_event alice reason=locked-out caller=2001
fresh_code alice
check "a trusted caller asks about ALICE" says "$in" as bob "$world/talk" vpn ALICE "$code"
check "and verifies alice's factor" last_event alice verdict=allow caller="$(id -u bob)"
check "carol's program asks about her in vain, in capitals too" own_login "$configuration" carol ALICE 000000

# ---- groups that choose profile and permissions ----

profile people 'permissions = [ "api-enabled", "mfa-ui-logins" ]; priority = 50; members = { groups = [ "crew" ]; };'
profile chosen 'permissions = [ "api-enabled" ]; priority = 10; members = { users = [ "dave" ]; };'
mkdir -p /etc/sfmfa/permission-sets.d
daemon_restart
unfit() { root_login "$configuration" "$@"; }
check "carol is in crew, which asks for a second factor" user_is carol profile people
check "erin is not" root_login "$in" erin
for fault in "fault group crew tryagain 11" "fault group crew unavail 2"; do
    directory "$fault" "$crew" "$ops" "$keepers"
    check "$fault: erin, who could be in it, is denied" unfit erin
    check "the event says so" last_event erin verdict=deny reason=configuration
    check "and to her own programs too" own_login "$configuration" erin erin
    check "a profile that comes first does not mind" root_login "$in" dave
    check "nor one that is assigned" user_is alice profile mfa
    check "nor does root" user_is root profile standard
done
directory "fault group crew unavail 2" "$crew" "$ops" "$keepers"
check "sfmfa check calls it an error" checks 'Unix group crew cannot be resolved'
directory "$ops" "$keepers"
check "without such a group: erin is denied" unfit erin
check "sfmfa check calls it an error" checks 'Unix group crew cannot be resolved'
directory "gid-only crew 3001 alice,carol" "$ops" "$keepers"
check "a group known by its number only: its member has its profile" user_is carol profile people
check "to her own programs too" own_login "$configuration" erin erin
check "who is not in it is denied" unfit erin
directory "$crew" "$ops" "$keepers"
check "with the group back erin is let in" root_login "$in" erin
check "and sfmfa check has nothing to say of it" checks_nothing_of crew

cat >/etc/sfmfa/permission-sets.d/strict.conf <<'SET'
label = "A second factor for those who operate";
permissions = [ "mfa-ui-logins" ];
members = { groups = [ "ops" ]; };
SET
daemon_restart
check "a permission set of ops: dave is not in it" root_login "$in" dave
directory "fault group ops tryagain 11" "$crew" "$ops" "$keepers"
check "while ops cannot be resolved dave is denied, who could be asked for more" unfit dave
check "alice has that permission anyway: she is asked as ever" eval 'fresh_code alice; root_login "$in" alice "$code"'
check "sfmfa check calls it an error" checks 'Unix group ops cannot be resolved'
rm /etc/sfmfa/permission-sets.d/strict.conf

# ---- groups that protect ----

profile helpdesk 'permissions = [ "api-enabled", "manage-users" ]; priority = 1; members = { users = [ "frank" ]; };'
configure 'protected_groups = [ "keepers", "wheel" ];'
configure 'operator_needs_mfa = false;'
directory "$crew" "$ops" "$keepers"
daemon_restart
install -m 755 "$build/cli/sfmfa" "$world/"
by_frank() { as frank "$world/sfmfa" "$@"; }

frozen_by_frank() { by_frank user freeze "$1" && by_frank user unfreeze "$1"; }
kept_from_frank() { not frozen_by_frank "$1" && user_is "$1" frozen False; }
check "frank freezes dave" frozen_by_frank dave
check "but not erin, who is protected" kept_from_frank erin
directory "fault group keepers tryagain 11" "$crew" "$ops" "$keepers"
check "while it cannot be known who is protected, erin is" kept_from_frank erin
check "and dave" kept_from_frank dave
check "sfmfa check calls it an error" checks 'protected group keepers'
directory "fault groups erin unavail 2" "$crew" "$ops" "$keepers"
check "erin's groups cannot be listed: she is protected" kept_from_frank erin
directory "gid-only keepers 3003 erin" "$crew" "$ops"
check "a protected group known by its number only: erin is protected" kept_from_frank erin
check "and dave is not" frozen_by_frank dave
directory "$crew" "$ops"
check "a protected group that does not exist has no members" frozen_by_frank erin
check "of which sfmfa check says nothing, as of wheel" checks_nothing_of 'keepers\|wheel'

# ---- errors ----

printf '%s\n' "auth required $module" "account required $module" >/etc/pam.d/cron
says_nothing_good() { says "$no_answer" "$world/talk" login "$1" && says "$no_account" "$world/talk" --phases acct login "$1"; }
# 2: what winbindd leaves behind when it does not run; 3: ESRCH; 111: sssd.
for error in "unavail 2" "unavail 3" "unavail 111" "tryagain 11"; do
    directory "fault user dave $error" "fault uid 2003 $error" "$crew" "$ops" "$keepers"
    check "$error: dave, who owes nothing, is not let in" says_nothing_good dave
    check "the event says why" eval 'sfmfa --json log --limit 2 | grep -q "\"store\""'
    check "an exempt service neither" says "$no_account" "$world/talk" --phases acct cron dave
    check "no command makes a virtual user of him" refused perm assign dave mfa-ui-logins
    check "and alice is" eval 'fresh_code alice; root_login "$in" alice "$code"'
    directory "fault uid 2003 $error" "$crew" "$ops" "$keepers"
    check "his own programs are not answered for" says "$no_answer" by_number 2003 "$world/talk" login dave
    check "the event says why" last_event dave reason=store caller=2003
done
directory "$crew" "$ops" "$keepers"
check "dave is no virtual user" user_is dave virtual False
check "and is let in again" root_login "$in" dave

# ---- silence ----

hanging() { [ "$(grep -c "^$1$" /run/sfmfa-nss-hanging)" -ge "$2" ]; }
# carol_asks COUNT: so many of her programs, side by side, until the directory hangs for two of them.
carol_asks()
{
    local one
    events_mark
    : >/run/sfmfa-nss-hanging
    carols=()
    for one in $(seq "$1"); do
        by_number 2002 "$world/talk" login carol 000000 >"$world/carol.$one" 2>&1 &
        carols+=($!)
    done
    soon hanging "uid 2002" 2
}
carols_wait() { local one; for one in "${carols[@]}"; do wait "$one"; done; }
carols_denied() { events_settle; tail -c "+$((marked + 1))" "$world/daemon.log" | grep -c "reason=store caller=2002 "; }
carols_unanswered()
{
    carols_wait
    local one
    for one in $(seq "${#carols[@]}"); do grep -qx "$no_answer" "$world/carol.$one" || { cat "$world/carol.$one"; return 1; }; done
}
# ahead_of_carol COMMAND...: it succeeds while nobody has given up on her programs yet. Again, if this machine was
# so busy that the two seconds of her look-ups were over before.
ahead_of_carol()
{
    local turn
    for turn in 1 2 3; do
        carol_asks 12 && "$@" || return 1
        [ "$(carols_denied)" -eq 0 ] && return 0
        carols_wait
    done
    return 1
}
directory "hang uid 2002" "$crew" "$ops" "$keepers"
check "the directory is silent about carol's programs: others' are answered first" ahead_of_carol own_login "$in" dave dave
check "programs of root go on" root_login "$in" dave
check "and trusted callers" eval 'fresh_code alice; says "$in" as bob "$world/talk" vpn alice "$code"'
check "and commands" sfmfa --quiet user show alice
check "and those of operators" frozen_by_frank dave
check "carol's have no answer in the end, each from the daemon" carols_unanswered
check "the events say so" value_is 12 carols_denied
directory "$crew" "$ops" "$keepers"
check "afterwards she is served: there is no app of hers to ask for" own_login "authenticate: Permission denied" carol carol

directory "hang user carol" "$crew" "$ops" "$keepers"
events_mark
"$world/talk" login carol 000000 >"$world/carol.root" 2>&1 &
hung=$!
check "a program of root hangs in itself" soon hanging "user carol" 1
check "others of root do not" root_login "$in" dave
check "nor of others" own_login "$in" dave dave
check "it hangs still" kill -0 "$hung"
kill "$hung" 2>/dev/null
wait "$hung" 2>/dev/null
check "and nobody has heard of it" no_event carol

# What the daemon itself would wait for keeps everybody waiting.
directory "hang user ghost" "$crew" "$ops" "$keepers"
sed -i '/^trusted_callers/d' /etc/sfmfa/sfmfa.conf
events_mark
configure 'trusted_callers = ( { user = "ghost"; services = [ "vpn" ]; }, { user = "bob"; services = [ "vpn" ]; } );'
check "the directory is silent about a trusted caller: the configuration is read all the same" \
    soon eval 'tail -c "+$((marked + 1))" "$world/daemon.log" | grep -q "\"ghost\" of trusted_callers"'
check "and programs of root are answered" timeout 20 "$world/talk" login dave
check "and those of a caller whom the host itself knows" \
    eval 'fresh_code alice; says "$in" as bob "$world/talk" vpn alice "$code"'
check "sfmfa check tells that the silent one is trusted with nothing" eval 'sfmfa check | grep -q "there is no user ghost"'
daemon_stop
check "nor does a daemon hang that a program of root starts for itself" timeout 20 "$world/talk" login dave
daemon_start

# ---- a virtual user whose name the directory learns ----

directory "$crew" "$ops" "$keepers"
check "vera is a virtual user" sfmfa profile assign vera standard
check "who logs in" root_login "$in" vera
check "byte for byte" root_login "$wrong" VERA
directory "user vera 2005 3000 $password" "$crew" "$ops" "$keepers"
check "the directory has a vera: nobody knows whether it is the same person" unfit vera
check "nor under any spelling" unfit VERA
check "the event says so" last_event vera verdict=deny reason=configuration
check "nor to her own programs" own_login "$configuration" vera vera
check "nor in the account phase" says 'account: Error in service module' "$world/talk" --phases acct login vera
check "nothing is given to her" refused perm assign vera mfa-ui-logins
check "an administrator decides" sfmfa user delete vera --yes
check "then she is a user like others" root_login "$in" VERA
check "of the system" user_is vera virtual False
tap_end
