#!/bin/bash
# Operations that require a session level, inside sessions that sshd opened: sudo raises, "sudo -i" blocks.
# usage: operation.sh SOURCE BUILD
# shellcheck disable=SC2317 # functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/ssh.sh
. "$here/ssh.sh"
world_enter "$here/operation.sh" "$source" "$build"
world_make alice bob carol
world_configure
sh -c 'echo 0 >/proc/self/loginuid' 2>/dev/null || world_skip "no audit ids"
cat >>/etc/sfmfa/sfmfa.conf <<'CONF'
services = { api = [ "sshd-api" ]; };
step_up = ( );
required_session_level = (
  { service = "sudo"; level = "high-assurance"; action = "raise"; },
  { service = "sudo-i"; level = "high-assurance"; action = "block"; }
);
CONF
cat >/etc/sudoers.d/sfmfa-test <<'SUDOERS'
Defaults lecture=never
alice ALL=(ALL:ALL) ALL
bob ALL=(ALL:ALL) ALL
carol ALL=(ALL:ALL) NOPASSWD: ALL
SUDOERS
chmod 440 /etc/sudoers.d/sfmfa-test
echo "127.0.0.1 $(hostname)" >>/etc/hosts
protect sshd sudo sudo-i
sshd_prepare alice bob carol
printf 'Port 2222\nKbdInteractiveAuthentication yes\nPasswordAuthentication yes\n' | sshd_start /usr/sbin/sshd
sshd_api_start
daemon_start
# All have an app. Only bob owes its code at every login; alice and carol get in with the password.
for user in alice bob carol; do
    enrol $user
done
sfmfa profile assign bob mfa >/dev/null

# sudo_of USER [CODE] [OPTION], as words of a command.
sudo_of() { printf %s "printf '%s\\n' 'correct horse $1' ${2:-} | sudo -S -k -p '' ${3:-} sh -c '$(leave_trace)'"; }
# standard USER COMMAND: a session that the password alone opened, with the phone in hand.
standard()
{
    rm -rf /run/sudo
    session_of password 2222 "$1" "correct horse $1" none "$2"
}
# program COMMAND: bob's session that a program opened with a code.
program()
{
    rm -rf /run/sudo
    fresh_code bob
    session_of password 2223 bob "correct horse bob$code" none "$1"
}
opens() { "$@"; is_in root; }
does_not() { "$@"; nothing_opened; }

# ---- in a standard session ----

fresh_code alice
check "raise: nothing is done without a code" does_not standard alice "$(sudo_of alice)"
check "its event says that it was asked for" last_event alice service=sudo verdict=deny reason=conversation
check "raise: a wrong code does not do" does_not standard alice "$(sudo_of alice 000000)"
check "its event says wrong" last_event alice service=sudo method=totp verdict=deny reason=factor-wrong
# sudo would ask again for the password, from an input that has ended.
check "raise: a right code does" opens standard alice "$(sudo_of alice "$code")"
check "its event says high assurance" last_event alice service=sudo method=totp verdict=allow level=high-assurance reason=ok
fresh_code alice
check "block: nothing is done, code or not" does_not standard alice "$(sudo_of alice "$code" -i)"
check "its event says why" last_event alice service=sudo-i verdict=deny reason=session-level
check "alice is told" told "needs a stronger login"
raised_first() { standard alice "$(sudo_of alice "$code") && : >$world/opened; $(sudo_of alice "" -i)"; nothing_opened; }
check "a code for one operation does not lift the session for the next" raised_first
check "the first was allowed" eval 'events_of alice | grep -q "service=sudo .*verdict=allow level=high-assurance"'
check "the second says why not" last_event alice service=sudo-i verdict=deny reason=session-level

# ---- in a session of high assurance ----

check "raise: at once" opens within bob "$(sudo_of bob)"
check "its event says by what" last_event bob service=sudo method=ui-session verdict=allow level=high-assurance reason=ok
check "the session is told so" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=ui-session SFMFA_SESSION_LEVEL=high-assurance
check "block: at once too" opens within bob "$(sudo_of bob "" -i)"
check "its event says by what" last_event bob service=sudo-i method=ui-session verdict=allow level=high-assurance reason=ok
check "a wrong password does not pass" does_not within bob "echo wrong | sudo -S -k -p '' sh -c '$(leave_trace)'"

# ---- in a session that a program opened, and in none ----

check "a program's session, though with a code, is standard: raise" does_not program "$(sudo_of bob)"
check "its event says that a code was asked for" last_event bob service=sudo verdict=deny reason=conversation
check "and block" does_not program "$(sudo_of bob "" -i)"
check "its event says why" last_event bob service=sudo-i verdict=deny reason=session-level
outside() { expect_trace; rm -rf /run/sudo; as alice setsid --wait sh -c "$1" >"$world/said" 2>&1; }
check "outside of all sessions a code is owed" does_not outside "$(sudo_of alice)"
check "its event says so" last_event alice service=sudo verdict=deny reason=conversation
fresh_code alice
check "and is enough" opens outside "$(sudo_of alice "$code" -i)"
check "its event says totp" last_event alice service=sudo-i method=totp verdict=allow level=high-assurance reason=ok

# ---- where sudo asks nobody, sfmfa does not either ----

check "NOPASSWD passes a level by" opens standard carol "$(sudo_of carol)"
check "its event says standard" last_event carol service=sudo verdict=allow level=standard reason=ok-single-factor
check "the environment says nothing" sfmfa_variables ""

# ---- where a code is worth standard only ----

daemon_stop
echo 'session_levels = { high_assurance = [ ]; };' >>/etc/sfmfa/sfmfa.conf
daemon_start
# The login goes a step forward itself, and takes the code of it.
check "a right code is not enough" does_not within bob "$(sudo_of bob "$(code_of "$world/bob.key" 2)")"
check "its event says why" last_event bob service=sudo method=totp verdict=deny reason=session-level
check "bob is told" told "needs a stronger login"
daemon_stop
tap_end
