#!/bin/bash
# i3lock on a screen that nobody sees: the locker runs as its user, without any privilege, and has one field
# for everything. So the code stands right behind the password, and pam_unix works through its set-gid helper.
# usage: i3lock.sh SOURCE BUILD
# shellcheck disable=SC2015,SC2317 # functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/api.sh
. "$here/api.sh"
need_programs i3lock Xvfb xdotool perl
world_enter "$here/i3lock.sh" "$source" "$build"
api_world alice bob carol

api_stack i3lock
# A locker that asks for no password at all: what is refused here, sfmfa refuses.
grep -v pam_unix /etc/pam.d/i3lock >/etc/pam.d/swaylock

# Without a file in /tmp, which is not the world's own: the abstract socket is.
screen_start()
{
    Xvfb :99 -screen 0 320x240x24 -nolisten unix -nolock -ac </dev/null >"$world/xvfb.out" 2>&1 &
    soon env DISPLAY=:99 xdotool getmouselocation || { echo "1..0 # SKIP Xvfb does not start: $(tail -1 "$world/xvfb.out")"; exit 0; }
}

# lock USER: i3lock is $locker then, says what it does in $world/i3lock.out, and gets the keys.
lock()
{
    : >"$world/i3lock.out"
    local person
    person_of "$1"
    "${person[@]}" DISPLAY=:99 i3lock --nofork --color=000000 --debug </dev/null >"$world/i3lock.out" 2>&1 &
    locker=$!
    soon grep -q 'redraw_screen' "$world/i3lock.out"
}
types() { DISPLAY=:99 xdotool type --delay 4 -- "$1" && DISPLAY=:99 xdotool key Return; }
# What PAM said last; the lines of --debug show what was typed.
screen() { grep -v '^\[i3lock-debug\]\|^Fontconfig\|^Can.t detect' "$world/i3lock.out"; }
# All that i3lock ever says.
refused() { screen | grep -q '^Authentication failure'; }
is_locked() { kill -0 "$locker" 2>/dev/null; }
# opens USER TEXT
opens()
{
    lock "$1" && types "$2" && soon not is_locked && wait "$locker" && return 0
    screen
    kill "$locker"
    return 1
}
# refuses USER TEXT: and is still locked; it stays there for more.
refuses()
{
    lock "$1" && types "$2" && soon refused && is_locked && return 0
    screen
    return 1
}
unlock_by_force() { kill "$locker" && wait "$locker"; }
# stays_locked USER TEXT
stays_locked()
{
    refuses "$@"
    local status=$?
    unlock_by_force
    return "$status"
}

screen_start
daemon_restart
alice=$(id -u alice) bob=$(id -u bob)

# ---- nothing is owed ----

check "bob owes nothing: his password opens" opens bob "correct horse bob"
check "and the event says by whom" last_event bob service=i3lock login_type=ui verdict=allow level=standard reason=ok-single-factor caller="$bob"
check "a wrong password does not, without an event" no_new_event bob stays_locked bob "wrong horse bob"
check "what looks like a code belongs to his password then" no_new_event bob stays_locked bob "correct horse bob123456"

# ---- password and code in one field ----

check "alice is to use a second factor" sfmfa profile assign alice mfa
check "without an app there is nothing to open with" stays_locked alice "correct horse alice"
check "and no registration" last_event alice service=i3lock verdict=deny reason=registration-required caller="$alice"
check "her app is registered" enrol alice
check "and completed in a dialogue" complete alice
fresh_code alice
check "a wrong password spends no code, without an event" no_new_event alice stays_locked alice "wrong horse alice$code"
check "password and code open" opens alice "correct horse alice$code"
check "and the event says high assurance" last_event alice service=i3lock verdict=allow level=high-assurance method=totp reason=ok caller="$alice"
check "the same code again does not" stays_locked alice "correct horse alice$code"
check "and the event says replayed" last_event alice verdict=deny reason=factor-replayed
check "the password alone does not" stays_locked alice "correct horse alice"
check "and the event says so" last_event alice verdict=deny reason=factor-missing
check "a wrong code does not" refuses alice "correct horse alice000000"
check "and the event says wrong" last_event alice verdict=deny reason=factor-wrong
fresh_code alice
types "correct horse alice$code"
check "the right one opens the same locker after it" soon not is_locked
is_locked && unlock_by_force

# ---- an app that was never completed ----

check "carol is to use a second factor" sfmfa profile assign carol mfa
check "an administrator registers her app" enrol carol
fresh_code carol
check "its code does not open" stays_locked carol "correct horse carol$code"
check "and does not complete it" user_is carol app pending

# ---- about others, and about oneself elsewhere ----

# asks USER SAYS ARGUMENTS OF PAMTALK... : another program of this user is refused.
asks() { ! as "$1" "$world/pamtalk" "${@:3}" >"$world/talk.out" && grep -q "^$2" "$world/talk.out" || { cat "$world/talk.out"; return 1; }; }
fresh_code alice
check "bob's locker may not ask about alice" asks bob "authenticate: Error in service module" swaylock alice "correct horse alice$code"
check "and the event says who did" last_event alice service=swaylock verdict=deny reason=configuration caller="$bob"
check "nor have a dialogue with her" asks bob "authenticate: Error in service module" login alice "$code"
check "nor say that she is in" asks bob "account: Error in service module" --phases acct swaylock alice
check "ten guesses of his are refused unheard" ten_times asks bob "authenticate: Error in service module" swaylock alice "correct horse alice000000"
check "and lock nobody out, and spend nothing: she goes in" opens alice "correct horse alice$code"

# ---- no daemon ----

daemon_stop
check "without a daemon the screen stays locked" refuses bob "correct horse bob"
daemon_restart
types "correct horse bob"
check "and opens when it is back" soon not is_locked
is_locked && unlock_by_force
tap_end
