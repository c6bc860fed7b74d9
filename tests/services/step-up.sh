#!/bin/bash
# A code at sshd answers for sudo in the same session, with Debian's stacks and audit sessions of the kernel.
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
printf 'Defaults lecture=never\nalice ALL=(ALL:ALL) ALL\nbob ALL=(ALL:ALL) ALL\n' >/etc/sudoers.d/sfmfa-test
chmod 440 /etc/sudoers.d/sfmfa-test
echo "127.0.0.1 $(hostname)" >>/etc/hosts
protect sshd sudo
sshd_prepare alice bob
printf 'Port 2222\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\n' | sshd_start /usr/sbin/sshd
daemon_start
for user in alice bob; do
    sfmfa profile assign $user mfa >/dev/null
    enrol $user
done

# within USER COMMAND: a login of the user with a fresh code, and the command in its session; sudo has no time stamp.
within()
{
    local options
    rm -rf /run/sudo
    fresh_code "$1"
    ssh_options keyboard-interactive 2222
    ssh_answers "correct horse $1" "$code"
    with_person ssh "${options[@]}" "$1@127.0.0.1" "$2" </dev/null
}
sudo_of() { echo "echo 'correct horse $1' | sudo -S -k -p '' sh -c '$(leave_trace)'"; }
answers_for_sudo() { within "$1" "$2"; is_in root; }
does_not() { within "$1" "$2"; nothing_opened; }

check "the code of the login answers for sudo" answers_for_sudo alice "$(sudo_of alice)"
check "and the event says so" last_event alice service=sudo method=step-up level=high-assurance verdict=allow reason=ok
check "no name of the login is in the session" not grep -q '^SFMFA_LOGIN=' "$world/opened"
check "the session is seen by its owner" within alice "$build/cli/sfmfa status"
check "with its level" told 'session level +high-assurance'
check "a wrong password does not pass" does_not alice "echo wrong | sudo -S -k -p '' sh -c '$(leave_trace)'"
# The clock stands still for sfmfad alone, so it is moved from outside while the session waits.
cat >"$world/late" <<LATE
#!/bin/sh
touch $world/waiting
while [ -e $world/waiting ]; do sleep 0.05; done
$(sudo_of alice)
LATE
chmod 755 "$world/late"
chmod 777 "$world"
too_late()
{
    (soon test -e "$world/waiting"; clock_forward 1000; rm "$world/waiting") &
    within alice "$world/late"
    nothing_opened
}
check "a proof older than max_age does not" too_late
clock_forward 1000
# A process that outlives its login, as tmux does.
outlives()
{
    within alice "setsid sh -c 'while [ -e $world/in ]; do sleep 0.05; done; $(sudo_of alice | sed "s/'/'\\\\''/g")' >/dev/null 2>&1 & "
    rm -f "$world/in"
    sleep 0.1
    nothing_opened
}
touch "$world/in"
check "nor that of a session that has ended" outlives
# Frozen and freed while the session is open: the proof of before is void.
meddled()
{
    (soon test -e "$world/waiting"; sfmfa user freeze alice; sfmfa user unfreeze alice; rm "$world/waiting") >/dev/null &
    within alice "$world/late"
    nothing_opened
}
check "nor one from before a freeze" meddled
daemon_stop
kill "$(cat "$world/sshd.pid")"
tap_end
