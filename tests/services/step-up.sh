#!/bin/bash
# A code at sshd answers for sudo and su in the same session, with Debian's stacks and audit sessions of the kernel.
# usage: step-up.sh SOURCE BUILD
# shellcheck disable=SC2317 # functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/ssh.sh
. "$here/ssh.sh"
world_enter "$here/step-up.sh" "$source" "$build"
world_make alice bob
world_configure
sh -c 'echo 0 >/proc/self/loginuid' 2>/dev/null || world_skip "no audit ids"
cat >>/etc/sfmfa/sfmfa.conf <<'CONF'
services = { api = [ "sshd-api" ]; };
step_up = ( { service = "sudo"; max_age = 900; }, { service = "su"; max_age = 600; } );
CONF
printf 'Defaults lecture=never\nalice ALL=(ALL:ALL) ALL\nbob ALL=(ALL:ALL) ALL\n' >/etc/sudoers.d/sfmfa-test
chmod 440 /etc/sudoers.d/sfmfa-test
echo "127.0.0.1 $(hostname)" >>/etc/hosts
protect sshd sudo su
sshd_prepare alice bob
printf 'Port 2222\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\n' | sshd_start /usr/sbin/sshd
sshd_api_start
daemon_start
for user in alice bob; do
    sfmfa profile assign $user mfa >/dev/null
    enrol $user
done
# Where the commands of a session and this script wait for each other.
chmod 777 "$world"

# sudo_of USER [CODE], su_to USER [CODE]: the words of a command that knows password and code, and has no terminal.
sudo_of() { printf %s "printf '%s\\n' 'correct horse $1' ${2:-} | sudo -S -k -p '' sh -c '$(leave_trace)'"; }
su_to() { printf %s "printf '%s\\n' 'correct horse $1' ${2:-} | su $1 -c '$(leave_trace)'"; }
# answers USER COMMAND WHO: within the session of the user the command makes somebody of them.
answers() { within "$1" "$2"; is_in "$3"; }
does_not() { within "$1" "$2"; nothing_opened; }
# When the session is open, and before the command runs in it, something happens outside.
# meanwhile HAPPENS COMMAND: in a session of alice.
meanwhile()
{
    printf '%s\n' '#!/bin/sh' "touch $world/waiting" "while [ -e $world/waiting ]; do sleep 0.05; done" "$2" >"$world/late"
    chmod 755 "$world/late"
    (soon test -e "$world/waiting"; $1; rm "$world/waiting") >/dev/null &
    within alice "$world/late"
}
too_late() { meanwhile "$@"; nothing_opened; }
in_time() { meanwhile "$1" "$2"; is_in "$3"; }

# ---- sudo ----

check "the code of the login answers for sudo" answers alice "$(sudo_of alice)" root
check "and the event says so" last_event alice service=sudo method=step-up level=high-assurance verdict=allow reason=ok
check "no name of the login is in the session" not grep -q '^SFMFA_LOGIN=' "$world/opened"
check "the session is seen by its owner" within alice "$build/cli/sfmfa status"
check "with its level" told 'session level +high-assurance'
check "a wrong password does not pass" does_not alice "echo wrong | sudo -S -k -p '' sh -c '$(leave_trace)'"
check "a proof older than max_age does not" too_late "clock_forward 1000" "$(sudo_of alice)"
clock_forward 1000
frozen_and_freed() { sfmfa user freeze alice && sfmfa user unfreeze alice; }
check "nor one from before a freeze" too_late frozen_and_freed "$(sudo_of alice)"

# ---- su, to oneself ----

check "the code of the login answers for su to oneself" answers alice "$(su_to alice)" alice
check "and the event says so" last_event alice service=su method=step-up level=high-assurance verdict=allow reason=ok
check "su tells the session so" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=step-up SFMFA_SESSION_LEVEL=high-assurance
check "a wrong password does not pass" does_not alice "echo wrong | su alice -c '$(leave_trace)'"
check "to bob it does not answer" does_not alice "$(su_to bob)"
check "bob's factor is asked for" told "Authenticator code:"
check "and his event has none" last_event bob service=su verdict=deny reason=conversation
# One step ahead: the login goes a step forward.
check "bob's code opens it" answers alice "$(su_to bob "$(code_of "$world/bob.key" 1)")" bob
check "and his event says totp" last_event bob service=su method=totp verdict=allow level=high-assurance reason=ok
check "bob in turn has his code for himself" answers bob "$(su_to bob)" bob
check "su asks by its own max_age" too_late "clock_forward 700" "$(su_to alice)"
clock_forward 700
check "where sudo by its own does not" in_time "clock_forward 700" "$(sudo_of alice)" root
clock_forward 700
check "su - is not in step_up" does_not alice "printf '%s\\n' 'correct horse alice' | su - alice -c '$(leave_trace)'"

# ---- a session of a program ----

# api_session COMMAND SERVICE: password and code in one field of sshd; the command asks in vain for a code of its own.
api_session()
{
    rm -rf /run/sudo "$world/ran"
    fresh_code alice
    session_of password 2223 alice "correct horse alice$code" none "touch $world/ran; $1"
    [ -e "$world/ran" ] && last_event alice service="$2" verdict=deny reason=conversation && nothing_opened
}
check "a code in an API login does not answer for su" api_session "$(su_to alice)" su
check "nor for sudo" api_session "$(sudo_of alice)" sudo

# ---- what outlives its login ----

# tmux_start: in a session of alice; its windows are no children of that session.
mux="tmux -S /home/alice/mux -f /dev/null"
printf '#!/bin/sh\n%s\ntouch %s/tried\n' "$(sudo_of alice)" "$world" >"$world/try"
chmod 755 "$world/try"
tmux_start() { within alice "$mux new-session -d && $mux send-keys $world/try Enter && while [ ! -e $world/tried ]; do sleep 0.05; done"; }
answers_in_tmux() { tmux_start; is_in root; }
# From another login, of a minute later and with a code of its own, to the window of the first.
attached()
{
    local options
    fresh_code alice
    ssh_options keyboard-interactive 2222
    expect_trace
    on_terminal 'assword: ' "correct horse alice" 'code: ' "$code" '[$] ' "sudo -k sh -c '$(leave_trace)'" \
        'assword for alice: ' "correct horse alice" 'code: ' "$1" '[$] ' exit \
        -- env TERM=vt100 ssh -tt "${options[@]}" alice@127.0.0.1 "$mux attach"
}
attached_opens() { attached "$(code_of "$world/alice.key" 2)"; is_in root && not_told "not asked"; }
check "inside tmux the code of the login answers for sudo" answers_in_tmux
check "and the event says so" last_event alice service=sudo method=step-up verdict=allow reason=ok
check "the login ends" soon sessions_ended
check "tmux does not" as alice tmux -S /home/alice/mux has-session
check "what it runs is asked again" attached_opens
check "and its code was needed" last_event alice service=sudo method=totp verdict=allow reason=ok
daemon_stop
tap_end
