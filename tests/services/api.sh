# shellcheck shell=bash
# Sourced after world.sh: what the tests of services with one password field share.
# shellcheck disable=SC2034,SC2154 # source, build, world: of world.sh and of those who source this

# need_programs PATH... : the whole script is skipped where one is not installed.
need_programs()
{
    local program
    for program in "$@"; do
        [ -e "$program" ] || command -v "$program" >/dev/null && continue
        echo "1..0 # SKIP ${program##*/} is not installed"
        exit 0
    done
}

# api_world USER... : the world, and in it copies of what processes of other users load and run.
api_world()
{
    world_make "$@"
    world_configure
    install -m 755 "$build/daemon/sfmfad" "$build/tests/lib/pamtalk" "$world/"
    install -m 644 "$build/pam_module/pam_sfmfa.so" "$world/"
    module="$world/pam_sfmfa.so daemon=$world/sfmfad"
    # A service with a dialogue: there an app is completed.
    printf '%s\n' "auth required $module" "account required $module" >/etc/pam.d/login
}

# api_stack SERVICE [RECIPE]: the stack of etc/pam.d for one password field.
api_stack()
{
    protect "${2:-$1}"
    [ $# -eq 1 ] || mv "/etc/pam.d/$2" "/etc/pam.d/$1"
    without_delay "$1"
}

# configure LINE: at the end of sfmfa.conf, for the next daemon.
configure() { printf '%s\n' "$1" >>/etc/sfmfa/sfmfa.conf; }

# profile NAME LINE
profile() { printf 'label = "%s";\n%s\n' "$1" "$2" >"/etc/sfmfa/profiles.d/$1.conf"; }

daemon_restart()
{
    [ -n "${daemon:-}" ] && daemon_stop
    daemon_start
}

# complete USER: a login with a dialogue, of a user who owes a factor.
complete() { fresh_code "$1" && "$world/pamtalk" login "$1" "$code"; }
# with_app USER PROFILE: three cases, after which the user has a completed app.
with_app()
{
    check "$1 is to use a second factor: profile $2" sfmfa profile assign "$1" "$2"
    check "an administrator registers an app for $1" enrol "$1"
    check "$1 completes it in a dialogue" complete "$1"
}
# The code that the phone shows to a daemon with the real clock.
real_code() { "$build/tests/lib/authenticator" <"$world/$1.key"; }

token_of() { sfmfa --json token new "$@" | json token; }

# no_new_event USER COMMAND... : the command succeeds, and nothing is said about the user.
no_new_event() { makes_events 0 "$@"; }
# makes_events COUNT USER COMMAND... : so much is said about the user.
makes_events()
{
    local count=$1 user=$2
    shift 2
    events_mark
    "$@" || return 1
    [ "$(events_of "$user" | wc -l)" -eq "$count" ] || { events_of "$user"; return 1; }
}

# ten_times COMMAND... : it succeeds each time.
ten_times()
{
    local turn
    for turn in 1 2 3 4 5 6 7 8 9 10; do
        "$@" || { echo "turn $turn"; return 1; }
    done
}

# at_once COUNT COMMAND... : so many side by side, each with its number as another argument; prints how many succeed.
at_once()
{
    local client clients=() succeeded=0
    for client in $(seq "$1"); do
        "${@:2}" "$client" >/dev/null 2>&1 &
        clients+=($!)
    done
    for client in "${clients[@]}"; do
        wait "$client" && succeeded=$((succeeded + 1))
    done
    echo "$succeeded"
}

# listens PORT: on loopback
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# server_ready PORT LOG... : within ten seconds; the logs say why not.
server_ready()
{
    soon listens "$1" && return 0
    echo "Bail out! nobody listens on $1: $(tail -n 3 "${@:2}" | tr '\n' ' ')"
    exit 1
}
# server_stop PID. At the end of a script nothing need be stopped: its namespaces end, and all in them.
server_stop()
{
    kill "$1"
    wait "$1"
    return 0
} 2>/dev/null
