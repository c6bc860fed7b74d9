# shellcheck shell=bash
# Sourced: a private world for tests that need root. Re-executes the script in mount, network and
# process namespaces of its own; /etc, /home, /run and /var/lib/sfmfa are copies that end with it.
# Where that is refused, the whole script is skipped with the reason.

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

# world_make: mounts, a loopback interface, users with passwords, sfmfad's own user.
world_make()
{
    world=$(mktemp -d)
    mount -t tmpfs -o mode=755 world "$world" || world_skip "no tmpfs"
    mkdir "$world/etc" "$world/work" "$world/home" "$world/run" "$world/lib"
    mount -t overlay -o "lowerdir=/etc,upperdir=$world/etc,workdir=$world/work" etc /etc ||
        world_skip "no overlay file system"
    mount --bind "$world/home" /home
    mount --bind "$world/run" /run
    mkdir -p /var/lib/sfmfa 2>/dev/null
    mkdir -p "$world/lib/sfmfa"
    mount --bind "$world/lib/sfmfa" /var/lib/sfmfa
    ip link set lo up
    mkdir -p /run/sshd /run/sfmfa
    getent passwd sfmfa >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin sfmfa
    chown sfmfa:sfmfa /var/lib/sfmfa
    chmod 700 /var/lib/sfmfa
    local user
    for user in "$@"; do
        useradd --create-home --shell /bin/bash "$user"
        echo "$user:correct horse $user" | chpasswd
        touch "/home/$user/.hushlogin"
    done
    chmod 755 /home /home/*
}

world_skip()
{
    echo "1..0 # SKIP $1 in the namespaces here"
    exit 0
}

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
    "$build/daemon/sfmfad" --foreground >>"$world/daemon.log" 2>&1 &
    daemon=$!
    local try
    for try in $(seq 400); do
        [ -S /run/sfmfa/root.sock ] && return 0
        sleep 0.02
    done
    echo "# sfmfad did not start" && sed 's/^/# /' "$world/daemon.log"
    return 1
}

daemon_stop()
{
    kill "$daemon" 2>/dev/null
    wait "$daemon" 2>/dev/null
    daemon=
}

# The code of a key file, so many time steps from now.
code_of() { "$build/tests/lib/authenticator" --step-offset "${2:-0}" <"$1"; }

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
# The newest event says: last_event USER KEY=VALUE...
last_event()
{
    local user=$1 line want
    shift
    line=$(grep " user=$user \|^sfmfad: user=$user " "$world/daemon.log" | tail -1)
    for want in "$@"; do
        case " $line " in
        *" $want "*) ;;
        *) echo "no $want in: $line"; return 1 ;;
        esac
    done
}
tap_end()
{
    echo "1..$number"
    [ "$failures" -eq 0 ]
    exit $?
}
