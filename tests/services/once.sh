#!/bin/bash
# sfmfad --once, started by the real module inside applications that are as bad as they come (hostile.c).
# usage: once.sh SOURCE BUILD
# shellcheck disable=SC2015,SC2317 # functions are called by check, and fail by its name
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
world_enter "$here/once.sh" "$source" "$build"
world_make alice bob carol
world_configure
# --once has the real time, so the daemon beside it has it too.
clock_forward 86400
trap 'kill "$listener"; world_leave' EXIT

# A copy that is root's alone, wherever the build is and whoever it belongs to.
install -m 755 "$build/daemon/sfmfad" "$world/sfmfad"
service()
{
    cat >"/etc/pam.d/$1" <<PAM
auth     required $build/pam_module/pam_sfmfa.so daemon=$2
account  required $build/pam_module/pam_sfmfa.so daemon=$2
session  required $build/pam_module/pam_sfmfa.so daemon=$2
PAM
}
service hostile "$world/sfmfad"
# Notes its starts, and as what: before sfmfad puts things right itself.
cat >"$world/counted" <<WITNESS
#!/bin/sh
# Without a child: a shell blocks signals around its forks.
while read -r key value; do
    case \$key in
    Uid: | Gid: | Groups: | SigBlk: | SigIgn:) echo "\$key" \$value ;;
    esac
done </proc/\$\$/status >>$world/starts
exec $world/sfmfad "\$@"
WITNESS
chmod 755 "$world/counted"
service counted "$world/counted"
service lost "$world/no-such-daemon"

# --once logs to syslog: a /dev of our own, in which somebody takes the lines down.
mkdir "$world/dev"
for node in null zero full random urandom tty; do
    : >"$world/dev/$node"
    mount --bind "/dev/$node" "$world/dev/$node" || world_skip "no devices"
done
mount --rbind "$world/dev" /dev || world_skip "no /dev"
python3 - "$world/daemon.log" <<'PYTHON' &
import os, socket, sys
lines = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
lines.bind("/dev/log")
os.chmod("/dev/log", 0o666)
log = open(sys.argv[1], "ab", buffering=0)
while True:
    log.write(lines.recv(65536).rstrip(b"\0\n") + b"\n")
PYTHON
listener=$!
eventually() # COMMAND... : true within four seconds
{
    local tries=200
    while [ $((tries -= 1)) -gt 0 ]; do
        "$@" && return 0
        sleep 0.02
    done
    "$@"
}
eventually test -S /dev/log || { echo "Bail out! nobody listens to the log"; exit 1; }

# What the environment and the folder of the application name: any of it would leave a mark.
home=/home/bob/hostile mark=/run/sfmfa-mark
install -d -o bob -g bob "$home"
for name in mark.so libsqlite3.so.0 libcrypto.so.3 libev.so.4 libconfig.so.9 liboath.so.0 libc.so.6 gconv-modules; do
    install -o bob -g bob "$build/tests/services/mark.so" "$home/$name"
done
printf '#!/bin/sh\ntouch %s\n' "$mark" >"$home/sfmfad"
chmod 755 "$home/sfmfad"

sfmfa() { "$build/cli/sfmfa" "$@"; }
hostile() { timeout 60 "$build/tests/services/hostile" "$@" <"/dev/null"; }
# hostile_run ANSWER VICE... : alice, or $user, at the service "hostile", or $service; what came out is in $world/out.
hostile_run() { hostile "${service:-hostile}" "${user:-alice}" "$1" "${folder:-$home}" "${@:2}" >"$world/out" 2>&1; }
says() { grep -qxF "$1" "$world/out" || { cat "$world/out"; return 1; }; }
gets_in()
{
    hostile_run "$@"
    says "authenticate: Success" && says "account: Success" && says "session: Success" && says "untouched" &&
        says "environment: SFMFA_LOGIN_TYPE SFMFA_METHOD SFMFA_SESSION_LEVEL"
}
stays_out() { hostile_run "$@"; says "authenticate: Authentication failure" && says "untouched"; }
finds_nobody()
{
    hostile_run "$@"
    says "authenticate: Authentication service cannot retrieve authentication info" && says "untouched"
}
# What was seen of --once while the application was asked.
once_was()
{
    local id
    id=$(id -u sfmfa)
    says "once: uid=$id gid=$(id -g sfmfa) groups= environ=0 cwd=/ no_new_privs=1 inherited=0"
}
none_runs() { ! pgrep -x sfmfad; }
logged() { eventually last_event "$@" >/dev/null 2>&1 || last_event "$@"; }
state_is_ours()
{
    local strange
    strange=$(find /var/lib/sfmfa -mindepth 1 \( ! -user sfmfa -o ! -group sfmfa -o ! -perm 600 -o ! -type f \) -ls)
    [ "$(stat -c '%U:%G %a' /var/lib/sfmfa)" = "sfmfa:sfmfa 700" ] && [ -s /var/lib/sfmfa/sfmfa.db ] &&
        [ -z "$strange" ] || { echo "$strange"; ls -la /var/lib/sfmfa; return 1; }
}

# ---- the first login of a host, before any daemon ran ----

user=carol check "the first login of all is decided by --once" gets_in - environment folder umask-0 closed
user=bob check "and the next one" gets_in - umask-777 real-user groups
check "the state it made is sfmfa's alone" state_is_ours
check "and its log line says so" logged carol service=hostile verdict=allow reason=ok-single-factor

daemon_start || tap_end
check "alice is to use a second factor" sfmfa profile assign alice mfa
sfmfa enroll alice --json >"$world/enrolled.json" 2>"$world/check.out"
python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["secret"])' "$world/enrolled.json" >"$world/alice.key"
sfmfa temp-code alice --json >"$world/code.json" 2>"$world/check.out"
code=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["code"])' "$world/code.json")
check "and has a code that can be used again" test -n "$code"
daemon_stop

# ---- one vice at a time ----

vices=(environment no-environment folder descriptors closed client memory few-descriptors no-files no-time no-processes
    child-handler pipe-handler ignored timer blocked umask-0 umask-777 real-user groups nice stop)
for vice in "${vices[@]}"; do
    check "$vice: a right code gets in" gets_in "$code" "$vice"
    check "$vice: --once is sfmfa, with nothing of the application's" once_was
    check "$vice: a wrong one stays out" stays_out ABCD-EFGX "$vice"
done

# ---- all together ----

all=(environment folder descriptors closed memory no-files no-time no-processes child-handler timer umask-777
    real-user groups nice stop)
check "all together: a right code gets in" gets_in "$code" "${all[@]}"
check "all together: --once is sfmfa, with nothing of the application's" once_was
check "all together: a wrong one stays out" stays_out ABCD-EFGX "${all[@]}"
check "the event says why" logged alice service=hostile verdict=deny reason=factor-wrong

# ---- su and sudo, which are not root alone ----

# Set-uid programs, with what their callers left them: a service of theirs with a daemon, and with none.
called=(real-user no-environment memory child-handler pipe-handler timer client)
su_and_sudo()
{
    for service in su sudo; do
        service "$service" "$world/sfmfad"
        check "$service, $1: a right code gets in" gets_in "$code" "${called[@]}"
        check "$service, $1: a wrong one stays out" stays_out ABCD-EFGX "${called[@]}"
    done
    service=hostile
}
su_and_sudo "no daemon"
service=sudo
check "in sudo, no daemon: a right code gets in" gets_in "$code" real-user client
check "in sudo --once is sfmfa, with nothing of the caller's" once_was
service=hostile
daemon_start
su_and_sudo "with a daemon"
check "nobody starts one of their own then" not grep '^once:' "$world/out"
daemon_stop

check "nothing of the environment or the folder was looked at" test ! -e "$mark"
leaves_mark() { LD_PRELOAD=$home/mark.so /bin/true; rm "$mark"; }
check "which would have left a mark" leaves_mark
check "no process is left" none_runs
check "the state is sfmfa's alone" state_is_ours

# ---- a code is used once, also by two at once ----

both_at_once()
{
    local answer=$1 first second
    hostile hostile alice "$answer" "$home" child-handler timer >"$world/first" 2>&1 &
    first=$!
    hostile hostile alice "$answer" "$home" real-user >"$world/second" 2>&1 &
    second=$!
    wait "$first" "$second"
    cat "$world/first" "$world/second" >"$world/out"
    [ "$(grep -c '^untouched$' "$world/out")" -eq 2 ] || { cat "$world/out"; return 1; }
}
one_of_two()
{
    both_at_once "$1"
    [ "$(grep -c '^account: Success$' "$world/out")" -eq 1 ] &&
        [ "$(grep -c '^authenticate: Authentication failure$' "$world/out")" -eq 1 ] || { cat "$world/out"; return 1; }
}
two_of_two()
{
    both_at_once "$1"
    [ "$(grep -c '^account: Success$' "$world/out")" -eq 2 ] || { cat "$world/out"; return 1; }
}
check "two at once with one code of the app: one gets in" one_of_two "$(code_of "$world/alice.key")"
check "two at once with a code for many uses: both do" two_of_two "$code"
check "no process is left by two either" none_runs
# Cases of the suite pam that run only where --once may be started; they have a store and a daemon of their own.
case_of() # PROGRAM FILTER NOTE
{
    mkdir -p /dev/shm # criterion wants one
    "$build/tests/pam/$1" --tap=- -j1 --filter "$2" >"$world/out" 2>&1 && grep "^# .*$3" "$world/out" >"$world/note" ||
        { cat "$world/out"; return 1; }
}
check "eight at once with one code, four of them at a daemon: one gets in" \
    case_of pam-races 'races/*beside_the_daemon*' 'one success in each of'
cat "$world/note"
check "killed at random moments: no code comes back" case_of pam-kills 'kills/*once*' 'kills of sfmfad --once'
cat "$world/note"

# ---- killed while somebody types ----

check "killed before the answer: nobody gets in" finds_nobody "$code" kill-daemon child-handler
check "not even with signals ignored and interrupted" finds_nobody "$code" kill-daemon ignored timer
check "who waits for it killed: the answer counts" gets_in "$code" kill-keeper
check "and a wrong one too" stays_out ABCD-EFGX kill-keeper
check "no process is left behind" eventually none_runs
check "the next login is as if nothing had been" gets_in "$code"

# ---- where nothing is to be started ----

export service=counted
cat >"$world/one" <<'STATUS'
Uid: 0 0 0 0
Gid: 0 0 0 0
Groups:
SigBlk: 0000000000000000
SigIgn: 0000000000000000
STATUS
cat "$world/one" "$world/one" >"$world/clean"
check "a start is noted" gets_in "$code" real-user groups ignored blocked
check "one for the login, one for its session, as root and nobody else, with no signal blocked or ignored" diff "$world/clean" "$world/starts"
rm -f "$world/starts"
check "another caller than root finds nobody" finds_nobody "$code" not-root
check "nor with everything else against it" finds_nobody "$code" not-root environment folder closed timer umask-0
# A root folder with everything but the state: an empty one would know nothing of what alice owes.
root=$world/root
for name in usr bin lib lib64 etc dev run "${world#/}"; do
    [ -L "/$name" ] && ln -s "$(readlink "/$name")" "$root/$name" && continue
    [ -d "/$name" ] && mkdir -p "$root/$name" && mount --rbind "/$name" "$root/$name"
done
install -d "$root/proc" "$root/var/lib" "$root/home"
install -d -o sfmfa -g sfmfa -m 700 "$root/var/lib/sfmfa"
folder=$root
check "a chroot finds nobody" finds_nobody - chroot
mount --bind /proc "$root/proc"
check "nor one that sees /proc" finds_nobody - chroot real-user
folder=
umount "$root/proc"
if unshare --user true 2>/dev/null; then
    check "a user namespace finds nobody" finds_nobody "$code" user-namespace
fi
check "and nothing was started for any of them" test ! -e "$world/starts"
# Who can write the program could be let in by it.
chmod 775 "$world/counted"
check "a program that others can write is not started" finds_nobody "$code"
chmod 755 "$world/counted"
chown alice "$world/counted"
check "nor one of a user" finds_nobody "$code"
chown root "$world/counted"
check "and nothing was started then" test ! -e "$world/starts"
service=lost
check "a program that is not there lets nobody in" finds_nobody "$code"
service=hostile

# ---- the last good configuration ----

cp /etc/sfmfa/sfmfa.conf "$world/good.conf"
check "the configuration in force was kept" test -s /var/lib/sfmfa/last-good.conf
echo 'require_mfa_for_ui = ture;' >>/etc/sfmfa/sfmfa.conf
check "with broken files a login goes on under the last good ones" gets_in "$code" environment real-user
check "and the log says so" logged alice verdict=allow config=stale
check "a wrong code stays out under them" stays_out ABCD-EFGX
check "which the log says too" logged alice verdict=deny reason=factor-wrong config=stale
rm /etc/sfmfa/profiles.d/mfa.conf
check "with a profile gone, too, alice still owes her code" stays_out ABCD-EFGX
check "under the profile that was hers" logged alice verdict=deny reason=factor-wrong config=stale
check "what was kept is what was good" sh -c '! grep -q ture /var/lib/sfmfa/last-good.conf'
mv /var/lib/sfmfa/last-good.conf "$world/"
hostile_run "$code"
check "without a last good one nobody gets in" says "authenticate: Error in service module"
check "and the log says why" logged alice verdict=deny reason=configuration
mv "$world/last-good.conf" /var/lib/sfmfa/
cp "$source/etc/profiles.d/mfa.conf" /etc/sfmfa/profiles.d/
cp "$world/good.conf" /etc/sfmfa/sfmfa.conf
check "repaired files are in force at once" gets_in "$code"
fresh() { local line; line=$(grep " user=alice " "$world/daemon.log" | tail -1); [[ $line == *verdict=allow* && $line != *config=stale* ]]; }
check "and nothing is stale" eventually fresh
check "after all of it the state is sfmfa's alone" state_is_ours
check "and no mark was left" test ! -e "$mark"
check "every session was told" not grep -F "the session is not recorded" "$world/daemon.log"
check "nothing in the log is libpam's own complaint" not grep -F non-existent "$world/daemon.log"
check "the key that root made is the daemon's group's to read" value_is "root sfmfa 640" stat -c "%U %G %a" /etc/sfmfa/sealing.key
tap_end
