# shellcheck shell=bash
# Sourced: a private world for tests that need root. Re-executes the script in mount, network and
# process namespaces of its own; /etc, /home, /run and /var are copies that end with it.
# Where that is refused, the whole script is skipped with the reason.
# shellcheck disable=SC2034,SC2154 # source, build, here: of those who source this; code: for them

# world_enter SCRIPT ARGUMENTS... : returns inside the namespaces only.
world_enter()
{
    [ -n "${SFMFA_WORLD:-}" ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "1..0 # SKIP needs root"
        exit 0
    fi
    if ! unshare --mount --net --pid --fork --mount-proc true 2>/dev/null; then
        echo "1..0 # SKIP namespaces are refused here"
        exit 0
    fi
    SFMFA_WORLD=1 exec unshare --mount --net --pid --fork --kill-child --mount-proc bash "$@"
}

# world_make USER...: mounts, a loopback interface, users with passwords, sfmfad's own user.
world_make()
{
    world_place
    trap world_leave EXIT
    mount -t tmpfs -o mode=755 world "$world" || world_skip "no tmpfs"
    chmod 755 "$world"
    mkdir "$world/run"
    world_cover etc
    world_cover home
    world_cover var
    mount --bind "$world/run" /run
    ip link set lo up
    mkdir -p /run/sshd /run/sfmfa /var/lib/sfmfa
    touch /run/utmp
    getent passwd sfmfa >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin sfmfa
    chown sfmfa:sfmfa /var/lib/sfmfa
    chmod 700 /var/lib/sfmfa
    install -m 666 /dev/null "$world/opened"
    touch "$world/daemon.log" "$world/said"
    clock_start
    local user
    for user in "$@"; do
        userdel "$user" 2>/dev/null
        useradd --create-home --shell /bin/bash "$user" 2>/dev/null
        echo "$user:correct horse $user" | chpasswd
        touch "/home/$user/.hushlogin"
        chmod 755 "/home/$user"
    done
}

# In $world, a folder that every system has and that holds neither the source nor the build: what is mounted on it
# goes with the namespaces, even if they are killed, and nothing is left behind.
world_place()
{
    for world in /mnt /media /srv; do
        [ -d "$world" ] || continue
        case "$source/ $build/" in
        "$world"/* | *" $world"/*) ;;
        *) return 0 ;;
        esac
    done
    world_skip "no folder for mounts"
}

# A folder of the root, writable for as long as the world lasts.
world_cover()
{
    mkdir "$world/$1" "$world/$1.work"
    mount -t overlay -o "lowerdir=/$1,upperdir=$world/$1,workdir=$world/$1.work" "$1" "/$1" ||
        world_skip "no overlay file system"
}

# The namespaces take the processes and the mounts with them; a daemon under a leak checker is to say its word.
world_leave() { [ -n "${daemon:-}" ] && daemon_stop; }

world_skip()
{
    echo "1..0 # SKIP $1 in the namespaces here"
    exit 0
}

# ---- time: stands still for sfmfad and the phones until a test moves it ----

# A day behind the real one, so that "sfmfad --once", which has the real one, may follow.
clock_start()
{
    now=$(($(date +%s) - 86400))
    : >"$world/clock"
    clock_forward 0
    cat >"$world/authenticator" <<PHONE
#!/bin/sh
SFMFA_FAKECLOCK=$world/clock LD_PRELOAD=$build/tests/lib/fakeclock.so exec $build/tests/lib/authenticator "\$@"
PHONE
    chmod 755 "$world/authenticator"
}

with_clock() { SFMFA_FAKECLOCK=$world/clock LD_PRELOAD=$build/tests/lib/fakeclock.so "$@"; }

# Written in place and in one go, see tests/lib/fakeclock.c.
clock_forward()
{
    now=$((now + $1))
    perl -e 'print pack "q", shift' "$now" 1<>"$world/clock"
}

# ---- sfmfa ----

# world_configure: sfmfa's configuration as installed, from the tree in $source.
world_configure()
{
    mkdir -p /etc/sfmfa/profiles.d /etc/sfmfa/permission-sets.d /etc/sfmfa/permission-set-groups.d
    cp "$source/etc/sfmfa.conf" /etc/sfmfa/
    cp "$source"/etc/profiles.d/*.conf /etc/sfmfa/profiles.d/
    chown -R root:root /etc/sfmfa
    chmod -R go-w /etc/sfmfa
}

daemon_start()
{
    # Not with_clock: the process is to be the daemon itself. A socket of the one before says nothing.
    rm -f /run/sfmfa/*.sock
    SFMFA_FAKECLOCK=$world/clock LD_PRELOAD=$build/tests/lib/fakeclock.so \
        "$build/daemon/sfmfad" --foreground >>"$world/daemon.log" 2>&1 &
    daemon=$!
    soon daemon_answers && return 0
    echo "Bail out! sfmfad does not start: $(tail -1 "$world/daemon.log")"
    exit 1
}
# Asked only when there is a socket: else the command would start a daemon of its own.
daemon_answers()
{
    [ -S /run/sfmfa/root.sock ] || return 1
    sfmfa status
    [ $? -ne 3 ]
}

daemon_stop()
{
    kill "$daemon" 2>/dev/null
    wait "$daemon" 2>/dev/null
    daemon=
}

sfmfa() { with_clock "$build/cli/sfmfa" "$@"; }

# What the JSON on standard input says under a key.
json() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# protect SERVICE... : the stacks of etc/pam.d, as installed, with the module and the daemon of this build.
protect()
{
    local service line="${module:-$build/pam_module/pam_sfmfa.so daemon=$build/daemon/sfmfad}"
    for service in "$@"; do
        sed "s|pam_sfmfa\.so|$line|" "$source/etc/pam.d/$service" >"/etc/pam.d/$service" && continue
        echo "Bail out! no stack for $service"
        exit 1
    done
}

# pam_unix asks libpam to sleep two seconds before every refusal, and in some tests there are many.
without_delay() { sed -i '/pam_unix/ { /^auth/ { /nodelay/! s/$/ nodelay/ } }' "/etc/pam.d/$1"; }

# The code of a key file, so many time steps from now.
code_of() { "$world/authenticator" --step-offset "${2:-0}" <"$1"; }

# An administrator gives USER an authenticator app; the phone is $world/USER.key. It is pending.
enrol() { sfmfa --json enroll "$1" --no-confirm 2>"$world/enrol.err" | json secret >"$world/$1.key"; }

# fresh_code USER: in $code, one that was never used; the one of before is too old then, or was.
fresh_code()
{
    clock_forward 30
    code=$(code_of "$world/$1.key")
}

# as USER COMMAND...: with an environment as after a login, and no more.
as()
{
    local user=$1 person
    shift
    person_of "$user"
    "${person[@]}" "$@"
}
# In $person, the words before a command of USER's.
person_of()
{
    person=(setpriv --reuid "$1" --regid "$(id -g "$1")" --init-groups
        env -i HOME="$(getent passwd "$1" | cut -d: -f6)" USER="$1" LOGNAME="$1" SHELL=/bin/bash
        TERM=dumb LC_ALL=C.UTF-8 PATH=/usr/bin:/bin:/usr/sbin:/sbin)
}

# on_terminal [PROMPT ANSWER]... -- COMMAND...: typist.py at a terminal of its own; the screen goes to $world/said.
on_terminal()
{
    AUTHENTICATOR=$world/authenticator PHONE=$world/phone timeout 60 python3 "$here/typist.py" "$@" >"$world/said" 2>&1
}
# terminal_of USER [PROMPT ANSWER]... -- COMMAND...: the same, at a terminal of the user.
terminal_of()
{
    local user=$1 answers=() person
    shift
    while [ "$1" != -- ]; do
        answers+=("$1")
        shift
    done
    shift
    expect_trace
    person_of "$user"
    on_terminal "${answers[@]}" -- "${person[@]}" "$@"
}

# as_service USER [LINE]... -- COMMAND...: of the user, with a client in place of a terminal who says these lines, little
# memory, and nothing in the environment.
as_service()
{
    local user=$1 lines=()
    shift
    while [ "$1" != -- ]; do
        lines+=("$1")
        shift
    done
    shift
    expect_trace
    as "$user" timeout 60 python3 "$here/inetd.py" "${lines[@]}" -- \
        setsid --wait prlimit --as=$((200 * 1024 * 1024)) env -i "$@" >"$world/said" 2>&1
}

# ---- TAP ----

number=0
failures=0
# check NAME COMMAND... ; output of a failing command is shown.
check()
{
    local name=$1
    shift
    number=$((number + 1))
    if "$@" >"$world/check.out" 2>&1; then
        echo "ok $number - $name"
    else
        echo "not ok $number - $name"
        sed 's/^/# /' "$world/check.out"
        tail -5 "$world/daemon.log" | sed 's/^/# log: /'
        failures=$((failures + 1))
    fi
}
# Events before this moment are not what last_event and no_event look for.
events_mark()
{
    events_settle
    marked=$(stat -c %s "$world/daemon.log")
}

# A decision is logged after its reply. Who connects twice and was answered knows that it has been.
events_settle() { sfmfa status >/dev/null 2>&1; sfmfa status >/dev/null 2>&1; }

events_of() { events_settle; tail -c "+$((${marked:-0} + 1))" "$world/daemon.log" | grep -F " user=$1 "; }

# The newest event says: last_event USER KEY=VALUE...
last_event()
{
    local user=$1 line want
    shift
    line=$(events_of "$user" | tail -1)
    for want in "$@"; do
        case " $line " in
        *" $want "*) ;;
        *) echo "no $want in: $line"; return 1 ;;
        esac
    done
}

no_event() { ! events_of "$1"; }

not() { ! "$@"; }
# soon COMMAND... : within ten seconds.
soon()
{
    local try
    for try in $(seq 200); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    "$@"
}
# value_is VALUE COMMAND... : the command prints it.
value_is()
{
    local want=$1 got
    shift
    got=$("$@")
    [ "$got" = "$want" ] || { echo "$want is wanted: $got"; return 1; }
}
# user_is USER KEY VALUE: as in "sfmfa user show".
user_is() { value_is "$3" eval "sfmfa --json user show $1 | json $2"; }

# ---- what was opened ----

# The command of a session that leaves a trace even if nobody sees its output: what it was handed, and
# last of all who is in.
leave_trace() { echo "{ env; for fd in /proc/\$\$/fd/*; do echo descriptor \${fd##*/}; done; echo in as \$(id -un); } >>$world/opened"; }
# Whoever comes next leaves the first trace.
expect_trace()
{
    : >"$world/opened"
    events_mark
}
is_in() { grep -qx "in as $1" "$world/opened" || { cat "$world/opened" "$world/said"; return 1; }; }
nothing_opened() { [ ! -s "$world/opened" ] || { cat "$world/opened" "$world/said"; return 1; }; }
# What was seen on the screen, in $world/said.
told() { grep -qE "$1" "$world/said" || { cat "$world/said"; return 1; }; }
not_told() { ! told "$1" >/dev/null || { cat "$world/said"; return 1; }; }
# The names of variables and the descriptors that a session was handed, without sfmfa's own variables.
handed_on() { grep -oE '^([A-Za-z_][A-Za-z_0-9]*=|descriptor .*)' "$world/opened" | grep -v '^SFMFA_' | sort; }
# handed_as FILE: the same as in the FILE, which handed_on wrote.
handed_as() { diff "$1" <(handed_on); }
# sfmfa_variables NAME=VALUE...: these, and no others of its own, are in the environment of the session.
sfmfa_variables() { diff <(grep '^SFMFA_' "$world/opened" | sort) <(printf '%s\n' "$@" | sed '/^$/d' | sort); }

tap_end()
{
    echo "1..$number"
    [ "$failures" -eq 0 ]
    exit $?
}
