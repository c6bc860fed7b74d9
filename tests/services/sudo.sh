#!/bin/bash
# Debian's sudo in front of Debian's pam_unix and pam_sfmfa.
# usage: sudo.sh SOURCE BUILD
# shellcheck disable=SC2317 # functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
world_enter "$here/sudo.sh" "$source" "$build"
world_make alice bob carol
world_configure
cat >/etc/sudoers.d/sfmfa-test <<'SUDOERS'
Defaults lecture=never
alice ALL=(ALL:ALL) ALL
bob ALL=(ALL:ALL) ALL
carol ALL=(ALL:ALL) NOPASSWD: ALL
SUDOERS
chmod 440 /etc/sudoers.d/sfmfa-test
echo "127.0.0.1 $(hostname)" >>/etc/hosts

# by USER [PROMPT ANSWER]... -- COMMAND...: at a terminal of the user, with no time stamp of sudo's.
by()
{
    local user=$1
    shift
    rm -rf /run/sudo
    terminal_of "$user" "$@"
}
becomes() { local target=$1; shift; by "$@"; is_in "$target"; }
stays() { by "$@"; nothing_opened; }
# by_pipe USER LINES COMMAND...: no terminal anywhere.
by_pipe()
{
    local user=$1 typed=$2
    shift 2
    rm -rf /run/sudo
    expect_trace
    as "$user" setsid --wait "$@" >"$world/said" 2>&1 <<<"$typed"
}
becomes_by_pipe() { local target=$1; shift; by_pipe "$@"; is_in "$target"; }
stays_by_pipe() { by_pipe "$@"; nothing_opened; }
events_are() { value_is "$2" eval "events_of $1 | wc -l"; }

trace=$(leave_trace)
word='assword for alice: '
right="correct horse alice"
daemon_start
by alice "$word" "$right" -- sudo sh -c "$trace"
handed_on >"$world/handed.sudo"
rm -rf /run/sudo
as_service alice "$right" -- sudo -S sh -c "$trace"
handed_on >"$world/handed.sudo-service"
protect sudo sudo-i

# ---- nothing is owed ----

check "nothing owed: the password is enough" becomes root alice "$word" "$right" -- sudo sh -c "$trace"
check "the event says single factor" last_event alice service=sudo login_type=ui verdict=allow level=standard reason=ok-single-factor
check "the command was handed nothing else" handed_as "$world/handed.sudo"
check "but sfmfa's three variables" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=password SFMFA_SESSION_LEVEL=standard
check "three wrong passwords" stays alice "$word" x "$word" y "$word" z -- sudo sh -c "$trace"
check "sfmfa never heard of them" no_event alice

# ---- registration and the factor ----

sfmfa profile assign alice mfa >/dev/null
check "registration inside sudo" becomes root alice "$word" "$right" "Code from your app: " @phone "Press Enter" "" -- sudo sh -c "$trace"
check "the QR code was on the screen" told '█'
check "the event says registered" last_event alice service=sudo method=totp verdict=allow level=high-assurance reason=ok-registered
cp "$world/phone" "$world/alice.key"
fresh_code alice
check "password and code" becomes root alice "$word" "$right" "code: " "$code" -- \
    env SFMFA_SESSION_LEVEL=forged SFMFA_OTHER=forged sudo sh -c "$trace"
check "the event says totp" last_event alice service=sudo method=totp verdict=allow level=high-assurance reason=ok
check "the command was handed nothing else" handed_as "$world/handed.sudo"
check "but sfmfa's three variables" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=totp SFMFA_SESSION_LEVEL=high-assurance
check "the same code, then Ctrl-C" stays alice "$word" "$right" "code: " "$code" "$word" "$right" "code: " @interrupt -- sudo sh -c "$trace"
check "alice reads that it was used" told "already used"
check "there were two events" events_are alice 2
check "the last says that the conversation ended" last_event alice verdict=deny reason=conversation
check "nothing was counted" user_is alice failures 0
check "three wrong codes" stays alice "$word" "$right" "code: " 000000 "$word" "$right" "code: " 000001 \
    "$word" "$right" "code: " 000002 -- sudo sh -c "$trace"
check "alice was asked for each" not_told "not asked"
check "sudo counted them too" told "3 incorrect password attempts"
check "there were three events" events_are alice 3
check "the last says wrong" last_event alice verdict=deny reason=factor-wrong
check "three were counted" user_is alice failures 3
fresh_code alice
check "a wrong code, then a right one" becomes root alice "$word" "$right" "code: " 000000 "$word" "$right" "code: " "$code" -- sudo sh -c "$trace"
check "alice reads of the attempts that failed" told "4 failed attempts since"
fresh_code alice
check "a wrong password, then password and code" becomes root alice "$word" x "$word" "$right" "code: " "$code" -- sudo sh -c "$trace"
check "there was one event" events_are alice 1

# ---- other ways to call it ----

fresh_code alice
check "-S, from a pipe" becomes_by_pipe root alice "$right"$'\n'"$code" sudo -S sh -c "$trace"
check "the event says totp" last_event alice service=sudo method=totp verdict=allow reason=ok
check "-S with the same code, and nothing more" stays_by_pipe alice "$right"$'\n'"$code" sudo -S sh -c "$trace"
# serves LINE... : "sudo -S" for a client that says these lines.
serves()
{
    rm -rf /run/sudo
    as_service alice "$@" -- sudo -S sh -c "$trace"
}
serves_well() { serves "$@"; is_in root; }
serves_nobody() { serves "$@"; nothing_opened; }
fresh_code alice
check "in little memory, with no environment and a client for a terminal" serves_well "$right" "$code"
check "the command was handed nothing else" handed_as "$world/handed.sudo-service"
check "but sfmfa's three variables" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=totp SFMFA_SESSION_LEVEL=high-assurance
check "the same code does not do" serves_nobody "$right" "$code"
check "and the client is told" told "already used"
temporary=$(sfmfa --json temp-code alice --hours 24 | json code)
daemon_stop
check "without a daemon sudo starts one for itself" serves_well "$right" "$temporary"
check "the command was handed nothing else" handed_as "$world/handed.sudo-service"
check "but sfmfa's three variables" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=temporary-code SFMFA_SESSION_LEVEL=high-assurance
check "a wrong code does not do" serves_nobody "$right" ABCD-EFGX
check "which leaves nothing behind" soon not pgrep -x sfmfad
daemon_start
check "-n asks nobody" stays alice -- sudo -n sh -c "$trace"
check "and makes no event" no_event alice
fresh_code alice
check "-i" becomes root alice "$word" "$right" "code: " "$code" -- sudo -i sh -c "$trace"
check "its service is sudo-i" last_event alice service=sudo-i method=totp verdict=allow reason=ok
fresh_code alice
check "-v" by alice "$word" "$right" "code: " "$code" -- sudo -v
check "its event says totp" last_event alice service=sudo method=totp verdict=allow reason=ok
check "-v with the same code, then Ctrl-C" not by alice "$word" "$right" "code: " "$code" "$word" @interrupt -- sudo -v
fresh_code alice
check "within the time stamp nobody is asked" becomes root alice "$word" "$right" "code: " "$code" -- \
    sh -c "sudo true && sudo sh -c '$trace'"
check "the account phase let it through" last_event alice service=sudo verdict=allow
check "and makes no claim" sfmfa_variables ""
fresh_code alice
sfmfa profile assign bob mfa >/dev/null
check "to another user" becomes bob alice "$word" "$right" "code: " "$code" -- sudo -u bob sh -c "$trace"
check "the evidence is the invoker's" last_event alice service=sudo method=totp verdict=allow reason=ok
check "nothing was asked about the other" no_event bob
sfmfa profile assign carol mfa >/dev/null
check "NOPASSWD, though a factor is owed" becomes root carol -- sudo sh -c "$trace"
check "the account phase let it through" last_event carol service=sudo verdict=allow
check "and makes no claim" sfmfa_variables ""
sfmfa profile assign root mfa >/dev/null
check "by root" becomes bob root -- sudo -u bob sh -c "$trace"
check "Ctrl-C at the code" stays alice "$word" "$right" "code: " @interrupt -- sudo sh -c "$trace"
check "its event says so" last_event alice verdict=deny reason=conversation
check "a terminal that goes away at the code" stays alice "$word" "$right" "code: " @away -- sudo sh -c "$trace"
check "its event says so" soon last_event alice verdict=deny reason=conversation

# ---- frozen, and programs' accounts ----

fresh_code alice
sfmfa user freeze alice >/dev/null
check "frozen: a wrong code, then Ctrl-C" stays alice "$word" "$right" "code: " 000000 "$word" @interrupt -- sudo sh -c "$trace"
check "who does not know the code is not told" not_told frozen
check "frozen: a right code" stays alice "$word" "$right" "code: " "$code" "$word" @interrupt -- sudo sh -c "$trace"
check "who knows it is told" told "account is frozen"
check "the event says frozen" last_event alice verdict=deny reason=frozen
sfmfa user unfreeze alice >/dev/null
fresh_code alice
check "frozen within the time stamp" stays alice "$word" "$right" "code: " "$code" -- \
    sh -c "sudo $build/cli/sfmfa user freeze alice && sudo sh -c '$trace'"
check "the event says frozen" last_event alice verdict=deny reason=frozen
check "alice is told" told "account is frozen"
sfmfa user freeze carol >/dev/null
check "frozen: NOPASSWD" stays carol -- sudo sh -c "$trace"
check "the event says frozen" last_event carol verdict=deny reason=frozen
sfmfa user unfreeze carol >/dev/null
sfmfa profile assign carol integration >/dev/null
check "api-only: NOPASSWD does not help" stays carol -- sudo sh -c "$trace"
check "the event says that the app is still missing" last_event carol verdict=deny reason=no-evidence
tap_end
