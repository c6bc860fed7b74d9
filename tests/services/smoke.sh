#!/bin/bash
# su and sshd as Debian ships them, with Debian's pam_unix in front: one person, one session each.
# usage: smoke.sh SOURCE BUILD
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
world_enter "$here/smoke.sh" "$source" "$build"
world_make alice bob
world_configure
trap 'daemon_stop' EXIT

module=$build/pam_module/pam_sfmfa.so
# The stack of pam_sfmfa(8): a wrong password ends before sfmfa is reached.
for service in su sshd; do
    cat >/etc/pam.d/$service <<PAM
auth     sufficient pam_rootok.so
auth     requisite  pam_unix.so
auth     required   $module daemon=$build/daemon/sfmfad
account  required   $module daemon=$build/daemon/sfmfad
account  required   pam_unix.so
session  required   pam_unix.so
PAM
done
sed -i '/pam_rootok/d' /etc/pam.d/sshd

sfmfa() { "$build/cli/sfmfa" "$@"; }
daemon_start || tap_end

# ---- su ----

# su_as INVOKER TARGET ANSWERS... : becomes the invoker, then su with the answers on standard input.
su_as()
{
    local invoker=$1 target=$2
    shift 2
    printf '%s\n' "$@" | setpriv --reuid "$invoker" --regid "$invoker" --init-groups \
        env -i PATH="$PATH" LC_ALL=C su "$target" -c 'echo; echo in as $(id -un); ls /proc/self/fd | sed "s/^/fd /"; env' 2>&1
}
goes_in() { su_as "$@" >"$world/out"; grep -q "^in as $2$" "$world/out" || { cat "$world/out"; return 1; }; }
stays_out() { su_as "$@" >"$world/out"; ! grep -q '^in as ' "$world/out"; }

check "su without a profile that asks: the password is enough" goes_in bob alice "correct horse alice"
check "and the event says so" last_event alice service=su login_type=ui verdict=allow reason=ok-single-factor
check "su with a wrong password stays out" stays_out bob alice "wrong"
check "alice is to use a second factor" sfmfa profile assign alice mfa
sfmfa enroll alice --json >"$world/enrolled.json" 2>"$world/check.out"
python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["secret"])' "$world/enrolled.json" >"$world/alice.key"
check "an administrator can enrol her" test -s "$world/alice.key"
spent=$(code_of "$world/alice.key" -1)
check "su with password and code" goes_in bob alice "correct horse alice" "$spent"
# What the invoker hands down to any program, sfmfa or not.
printf '' | setpriv --reuid bob --regid bob --init-groups sh -c 'ls /proc/self/fd' | sed 's/^/fd /' >"$world/fds"
check "no descriptor of ours is in her shell" sh -c 'grep "^fd " "$1" | diff "$2" -' - "$world/out" "$world/fds"
check "no variable of ours but the three for display" sh -c '! grep "^SFMFA_" "$1" | grep -vE "^SFMFA_(SESSION_LEVEL|LOGIN_TYPE|METHOD)="' - "$world/out"
check "the event says high assurance" last_event alice verdict=allow level=high-assurance method=totp reason=ok
check "su with a wrong code stays out" stays_out bob alice "correct horse alice" "000000"
check "su with the code of before stays out" stays_out bob alice "correct horse alice" "$spent"
check "and the event says replayed" last_event alice verdict=deny reason=factor-replayed
check "su by root needs no code" sh -c 'su alice -c true </dev/null'
daemon_stop
check "without a daemon su starts one for itself" goes_in bob alice "correct horse alice" "$(code_of "$world/alice.key" 1)"
check "which leaves nothing behind" sh -c '! pgrep -x sfmfad'
daemon_start || tap_end

# ---- sshd ----

ssh-keygen -q -t ed25519 -N '' -f "$world/host_key"
ssh-keygen -q -t ed25519 -N '' -f "$world/user_key"
install -d -o bob -g bob -m 700 /home/bob/.ssh
install -o bob -g bob -m 600 "$world/user_key.pub" /home/bob/.ssh/authorized_keys
cat >"$world/sshd_config" <<CONF
Port 2222
ListenAddress 127.0.0.1
HostKey $world/host_key
PidFile $world/sshd.pid
UsePAM yes
KbdInteractiveAuthentication yes
PasswordAuthentication no
LogLevel ERROR
CONF
chmod 755 "$world"
/usr/sbin/sshd -f "$world/sshd_config" -E "$world/sshd.log" || { echo "Bail out! sshd does not start"; exit 1; }

mkdir "$world/talk"
export TALK_DIR=$world/talk AUTHENTICATOR=$build/tests/lib/authenticator
echo "correct horse bob" >"$TALK_DIR/password"
# ssh_in OPTIONS... : one connection as bob; the screen goes to $TALK_DIR/screen.
ssh_in()
{
    : >"$TALK_DIR/screen"
    SSH_ASKPASS=$here/askpass.sh SSH_ASKPASS_REQUIRE=force DISPLAY=none LC_ALL=C.UTF-8 timeout 60 \
        ssh -F none -p 2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 \
        -o IdentitiesOnly=yes -o ControlPath=none "$@" bob@127.0.0.1 'echo in as $(id -un)' </dev/null 2>"$world/ssh.err" |
        grep -q '^in as bob$' || { cat "$world/ssh.err" "$TALK_DIR/screen"; return 1; }
}
not() { ! "$@"; }

check "sshd: the password is enough while nothing is owed" ssh_in -o PreferredAuthentications=keyboard-interactive
check "bob is to use a second factor" sfmfa profile assign bob mfa
check "sshd: registration inside the login" ssh_in -o PreferredAuthentications=keyboard-interactive
check "the QR code was on the screen" grep -q '█' "$TALK_DIR/screen"
check "recovery codes were on the screen" grep -qE '[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}' "$TALK_DIR/screen"
check "and the event says so" last_event bob service=sshd remote=127.0.0.1 verdict=allow reason=ok-registered
export TALK_STEP=1
check "sshd: the next code" ssh_in -o PreferredAuthentications=keyboard-interactive
check "sshd: the same code again stays out" not ssh_in -o PreferredAuthentications=keyboard-interactive
echo 000000 >"$TALK_DIR/answer"
check "sshd: a wrong code stays out" not ssh_in -o PreferredAuthentications=keyboard-interactive
echo "wrong" >"$TALK_DIR/password"
check "sshd: a wrong password never reaches sfmfa" not ssh_in -o PreferredAuthentications=keyboard-interactive
check "and makes no event" last_event bob reason=factor-wrong
check "sshd: a key alone is no evidence" not ssh_in -o PreferredAuthentications=publickey -i "$world/user_key"
check "and the event says so" last_event bob verdict=deny reason=no-evidence
check "the configuration is in force, status says so" sfmfa status
kill "$(cat "$world/sshd.pid")"
tap_end
