#!/bin/bash
# Debian's su and login in front of Debian's pam_unix and pam_sfmfa.
# usage: su-login.sh SOURCE BUILD
# shellcheck disable=SC2317 # functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
world_enter "$here/su-login.sh" "$source" "$build"
world_make alice bob carol dave
world_configure
# Only waiting: pam_faildelay of login, whatever the answer was.
without_faildelay() { sed -i '/pam_faildelay/d' /etc/pam.d/login; }
without_faildelay
cat >/etc/sfmfa/profiles.d/seated.conf <<'PROFILE'
label = "at the machine itself";
permissions = [ "mfa-ui-logins" ];
login_ip_ranges = [ "local" ];
PROFILE
daemon_start
trace=$(leave_trace)
word='Password: '
goes_in() { local user=$1; shift; "$@"; is_in "$user"; }
stays_out() { "$@"; nothing_opened; }
events_are() { value_is "$2" eval "events_of $1 | wc -l"; }

# su_by INVOKER TARGET [PROMPT ANSWER]... -- OPTIONS...: su at a terminal, with a command.
su_by()
{
    local invoker=$1 target=$2 answers=()
    shift 2
    while [ "$1" != -- ]; do
        answers+=("$1")
        shift
    done
    shift
    terminal_of "$invoker" "${answers[@]}" -- su "$@" "$target" -c "$trace"
}
# su_by_pipe INVOKER TARGET LINES: no terminal anywhere.
su_by_pipe()
{
    expect_trace
    as "$1" setsid --wait su "$2" -c "$trace" <<<"$3" >"$world/said" 2>&1
}
# login_at_terminal [PROMPT ANSWER]... -- OPTIONS...: login, as getty and telnetd start it; a shell leaves the trace.
login_at_terminal()
{
    local answers=()
    while [ "$1" != -- ]; do
        answers+=("$1")
        shift
    done
    shift
    expect_trace
    on_terminal "${answers[@]}" '[$] $' "$trace; exit" -- env -i TERM=dumb login "$@"
}
name='login: $'

# What the programs hand on without sfmfa.
su_by bob alice "$word" "correct horse alice" --
handed_on >"$world/handed.su"
su_by bob alice "$word" "correct horse alice" -- -
handed_on >"$world/handed.su-l"
as_service bob "correct horse alice" -- su alice -c "$trace"
handed_on >"$world/handed.su-service"
login_at_terminal "$word" "correct horse alice" -- alice
handed_on >"$world/handed.login"
protect su login
without_faildelay

# ---- su ----

check "su, nothing owed: the password is enough" goes_in alice su_by bob alice "$word" "correct horse alice" --
check "the event says single factor" last_event alice service=su login_type=ui verdict=allow level=standard reason=ok-single-factor
check "su handed on nothing else" handed_as "$world/handed.su"
check "but three variables" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=password SFMFA_SESSION_LEVEL=standard
check "with a forged level" goes_in alice terminal_of bob "$word" "correct horse alice" -- \
    env SFMFA_SESSION_LEVEL=high-assurance su alice -c "$trace"
check "su hands on the true one" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=password SFMFA_SESSION_LEVEL=standard
check "a wrong password stays out" stays_out su_by bob alice "$word" x --
check "sfmfa never heard of it" no_event alice
sfmfa profile assign alice mfa >/dev/null
check "registration inside su" goes_in alice su_by bob alice "$word" "correct horse alice" "Code from your app: " @phone "Press Enter" "" --
check "the event says registered" last_event alice service=su method=totp verdict=allow level=high-assurance reason=ok-registered
cp "$world/phone" "$world/alice.key"
fresh_code alice
check "su with password and code" goes_in alice su_by bob alice "$word" "correct horse alice" "code: " "$code" --
check "the event says totp" last_event alice service=su method=totp verdict=allow level=high-assurance reason=ok
check "su handed on nothing else" handed_as "$world/handed.su"
check "but three variables" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=totp SFMFA_SESSION_LEVEL=high-assurance
check "the same code stays out" stays_out su_by bob alice "$word" "correct horse alice" "code: " "$code" --
check "the event says replayed" last_event alice verdict=deny reason=factor-replayed
check "a wrong code stays out" stays_out su_by bob alice "$word" "correct horse alice" "code: " 000000 --
check "the screen says so" told "was not right"
check "the event says wrong" last_event alice verdict=deny reason=factor-wrong
fresh_code alice
check "su - with password and code" goes_in alice su_by bob alice "$word" "correct horse alice" "code: " "$code" -- -
check "its service is su-l" last_event alice service=su-l method=totp verdict=allow reason=ok
check "su - handed on nothing else" handed_as "$world/handed.su-l"
fresh_code alice
check "su through a pipe" goes_in alice su_by_pipe bob alice "correct horse alice"$'\n'"$code"
check "through a pipe, the same code stays out" stays_out su_by_pipe bob alice "correct horse alice"$'\n'"$code"
check "Ctrl-D at the code" stays_out su_by bob alice "$word" "correct horse alice" "code: " @end --
check "its event: nothing was answered" last_event alice verdict=deny
check "a terminal that goes away at the code" stays_out su_by bob alice "$word" "correct horse alice" "code: " @away --
check "its event says so" soon last_event alice verdict=deny reason=conversation
check "su by root asks nobody" goes_in alice su_by root alice --
check "its event says allowed" last_event alice service=su verdict=allow
sfmfa user freeze alice >/dev/null
check "su by root to somebody frozen" stays_out su_by root alice --
check "its event says frozen" last_event alice verdict=deny reason=frozen
fresh_code alice
check "su to somebody frozen, with a right code" stays_out su_by bob alice "$word" "correct horse alice" "code: " "$code" --
check "who knows the code is told" told "account is frozen"
sfmfa user unfreeze alice >/dev/null
fresh_code alice
check "su in little memory, with no environment and a client for a terminal" goes_in alice \
    as_service bob "correct horse alice" "$code" -- su alice -c "$trace"
check "it handed on nothing else" handed_as "$world/handed.su-service"
check "but three variables" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=totp SFMFA_SESSION_LEVEL=high-assurance
check "the same code stays out" stays_out as_service bob "correct horse alice" "$code" -- su alice -c "$trace"
check "the client is told" told "already used"
temporary=$(sfmfa --json temp-code alice --hours 24 | json code)
daemon_stop
check "without a daemon su starts one for itself" goes_in alice su_by bob alice "$word" "correct horse alice" "code: " \
    "$("$build/tests/lib/authenticator" <"$world/alice.key")" --
check "it handed on nothing else" handed_as "$world/handed.su"
check "in little memory, with no environment and a client for a terminal" goes_in alice \
    as_service bob "correct horse alice" "$temporary" -- su alice -c "$trace"
check "it handed on nothing else" handed_as "$world/handed.su-service"
check "but three variables" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=temporary-code SFMFA_SESSION_LEVEL=high-assurance
check "a wrong code stays out" stays_out as_service bob "correct horse alice" ABCD-EFGX -- su alice -c "$trace"
check "which leaves nothing behind" soon not pgrep -x sfmfad
daemon_start
sfmfa user unlock alice >/dev/null

# ---- login ----

sfmfa disconnect alice >/dev/null
sfmfa profile unassign alice >/dev/null
check "login, nothing owed: the password is enough" goes_in alice login_at_terminal "$word" "correct horse alice" -- alice
check "the event says single factor" last_event alice service=login login_type=ui verdict=allow level=standard reason=ok-single-factor
check "login handed on nothing else" handed_as "$world/handed.login"
check "but three variables" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=password SFMFA_SESSION_LEVEL=standard
sfmfa profile assign bob mfa >/dev/null
check "registration inside login, name asked for" goes_in bob login_at_terminal "$name" bob "$word" "correct horse bob" \
    "Code from your app: " @phone "Press Enter" "" --
check "the QR code was on the screen" told '█'
check "the event says registered" last_event bob service=login method=totp verdict=allow level=high-assurance reason=ok-registered
cp "$world/phone" "$world/bob.key"
fresh_code bob
check "login with password and code" goes_in bob login_at_terminal "$word" "correct horse bob" "code: " "$code" -- bob
check "the event says totp" last_event bob service=login method=totp verdict=allow level=high-assurance reason=ok
check "login handed on nothing else" handed_as "$world/handed.login"
fresh_code bob
check "login: a wrong password stays out" stays_out login_at_terminal \
    "$word" x "$name" bob "$word" x "$name" @away -- bob
check "sfmfa never heard of it" no_event bob
fresh_code bob
check "a wrong code, then the same name and a right one" goes_in bob login_at_terminal \
    "$word" "correct horse bob" "code: " 000000 "$name" bob "$word" "correct horse bob" "code: " "$code" -- bob
check "there were two events" events_are bob 2
check "after a denial of one name another, who owes nothing" goes_in alice login_at_terminal \
    "$word" "correct horse bob" "code: " 000000 "$name" alice "$word" "correct horse alice" -- bob
check "bob's event says wrong" last_event bob verdict=deny reason=factor-wrong
check "alice's says single factor" last_event alice verdict=allow reason=ok-single-factor
check "the session is not bob's in anything" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=password SFMFA_SESSION_LEVEL=standard
sfmfa profile assign carol mfa >/dev/null
enrol carol
fresh_code carol
sfmfa profile assign dave mfa >/dev/null
check "after a registration that failed, another name" goes_in carol login_at_terminal \
    "$word" "correct horse dave" "from your app: " 000000 "from your app: " 000000 "from your app: " 000000 \
    "$name" carol "$word" "correct horse carol" "code: " "$code" -- dave
check "dave has no app" user_is dave app none
check "-f, as who was let in elsewhere, is no evidence" stays_out login_at_terminal -- -f bob
check "its event says so" last_event bob verdict=deny reason=no-evidence
check "a terminal that goes away at the code" stays_out login_at_terminal "$word" "correct horse bob" "code: " @away -- bob
check "its event says so" soon last_event bob verdict=deny reason=conversation

# ---- where the person is ----

sfmfa profile assign carol seated >/dev/null
fresh_code carol
check "login at the machine itself" goes_in carol login_at_terminal "$word" "correct horse carol" "code: " "$code" -- carol
check "its event has no remote host" last_event carol remote=- verdict=allow
fresh_code carol
check "login from a host" stays_out login_at_terminal "$word" "correct horse carol" "code: " "$code" "$name" @away -- -h 203.0.113.7 carol
check "its event says so" last_event carol remote=203.0.113.7 verdict=deny reason=login-ip
check "who knows the code is told" told "from this network"
tap_end
