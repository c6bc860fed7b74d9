#!/bin/bash
# Dovecot's IMAP with Debian's pam_unix in the middle of the three lines: one password field, workers of root
# with 256 MiB each.
# usage: dovecot.sh SOURCE BUILD
# shellcheck disable=SC2015,SC2317 # functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/api.sh
. "$here/api.sh"
need_programs /usr/sbin/dovecot curl perl
world_enter "$here/dovecot.sh" "$source" "$build"
api_world alice bob carol dave erin frank

api_stack dovecot
configure 'services = { api = [ "dovecot" ]; };'
configure 'trusted_networks = [ "127.0.7.0/24" ];'
profile desk 'permissions = [ "mfa-ui-logins" ];'

# dovecot_start PASSDB-ARGUMENTS: penalties and delays are off, the tests come from few addresses.
dovecot_start()
{
    cat >"$world/dovecot.conf" <<CONF
base_dir = $world/dovecot
state_dir = $world/dovecot-state
log_path = $world/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = maildir:~/Maildir
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  inet_listener imap {
    port = 1143
  }
  inet_listener imaps {
    port = 0
  }
}
passdb {
  driver = pam
  args = $1
}
userdb {
  driver = passwd
}
CONF
    mkdir -p "$world/dovecot" "$world/dovecot-state"
    /usr/sbin/dovecot -F -c "$world/dovecot.conf" </dev/null >"$world/dovecot.out" 2>&1 &
    dovecot=$!
    server_ready 1143 "$world/dovecot.out" "$world/dovecot.log"
}

# imap USER PASSWORD [FROM]: lists the folders; the client's side goes to $world/imap.out.
imap()
{
    curl -sS -v -m 30 --interface "${3:-127.0.0.2}" -u "$1:$2" imap://127.0.0.1:1143/ >"$world/imap.out" 2>&1
}
goes_in() { imap "$@" && grep -q '^\* LIST ' "$world/imap.out" || { cat "$world/imap.out"; return 1; }; }
# Refused as after a wrong password, neither let in nor "temporarily" turned away.
stays_out() { ! imap "$@" && grep -q 'NO \[AUTHENTICATIONFAILED\] Authentication failed' "$world/imap.out" || { cat "$world/imap.out"; return 1; }; }

dovecot_start dovecot
daemon_restart

# ---- a user without a second factor: tokens ----

check "the password alone, from anywhere: a token is due" stays_out bob "correct horse bob"
check "and the event says so" last_event bob service=dovecot login_type=api remote=127.0.0.2 verdict=deny reason=factor-missing
check "the password alone, from a trusted network" goes_in bob "correct horse bob" 127.0.7.1
check "and the event says that nothing else was offered" last_event bob remote=127.0.7.1 verdict=allow level=standard reason=ok-single-factor
token=$(token_of bob --label phone --service dovecot)
check "password and token" goes_in bob "correct horse bob$token"
check "and the event says so" last_event bob verdict=allow level=standard method=security-token reason=ok
check "a token is good more than once" goes_in bob "correct horse bob$token"
check "a token that nobody asked for is taken off" goes_in bob "correct horse bob$token" 127.0.7.1
check "a wrong password with the right token stays out, without an event" no_new_event bob stays_out bob "wrong horse bob$token" 127.0.0.3
sfmfa token list bob --json >"$world/tokens"
check "and the token was last used before" grep -q '"from_used": *"127.0.0.2"' "$world/tokens"
wrong=$(token_of carol --label hers)
check "somebody else's token stays out" stays_out bob "correct horse bob$wrong"
check "and the event says wrong" last_event bob verdict=deny method=security-token reason=factor-wrong
check "a mistyped token is no token: pam_unix says no" no_new_event bob stays_out bob "correct horse bob${token%?}"
check "a token of another service stays out" stays_out bob "correct horse bob$(token_of bob --label ftp --service vsftpd)"
check "and the event says so" last_event bob verdict=deny reason=token-out-of-scope
near=$(token_of bob --label near --from 127.0.8.0/24)
check "a token stays out of a network it is not for" stays_out bob "correct horse bob$near"
check "and the event says so" last_event bob remote=127.0.0.2 verdict=deny reason=token-out-of-scope
check "and lets in from its own" goes_in bob "correct horse bob$near" 127.0.8.1
brief=$(token_of bob --label brief --expires 1h)
check "a token lets in before its end" goes_in bob "correct horse bob$brief"
clock_forward 3601
check "and not after" stays_out bob "correct horse bob$brief"
check "and the event says so" last_event bob verdict=deny reason=token-expired
check "a token can be revoked" sfmfa token revoke bob phone
check "and lets nobody in from then on" stays_out bob "correct horse bob$token"
check "and the event says so" last_event bob verdict=deny reason=token-expired

# ---- multi-factor authentication of API logins, pending and in effect ----

check "carol is to use a second factor, here too" sfmfa profile assign carol mfa-api
check "her app is registered" enrol carol
check "pending: a token lets in" goes_in carol "correct horse carol$wrong"
check "and so does a trusted network" goes_in carol "correct horse carol" 127.0.7.1
fresh_code carol
check "pending: a code of the app lets nobody in" stays_out carol "correct horse carol$code"
check "and the event says so" last_event carol verdict=deny method=totp reason=factor-wrong
check "she completes the app in a dialogue" complete carol
fresh_code carol
check "in effect: a wrong password spends no code, without an event" no_new_event carol stays_out carol "wrong horse carol$code"
check "password and code" goes_in carol "correct horse carol$code"
check "and the event says high assurance" last_event carol verdict=allow level=high-assurance method=totp reason=ok
check "the code of before stays out" stays_out carol "correct horse carol$code"
check "and the event says replayed" last_event carol verdict=deny reason=factor-replayed
check "and ten times more" ten_times stays_out carol "correct horse carol$code"
fresh_code carol
check "which was counted for nothing: the next code lets in" goes_in carol "correct horse carol$code"
check "a wrong code stays out" stays_out carol "correct horse carol000000"
check "and the event says wrong" last_event carol verdict=deny method=totp reason=factor-wrong
check "a trusted network does not save the second factor" stays_out carol "correct horse carol" 127.0.7.1
check "and the event says missing" last_event carol remote=127.0.7.1 verdict=deny reason=factor-missing
check "a token answers too, as shipped" goes_in carol "correct horse carol$wrong"

# ---- who may not log in here ----

check "dave's profile has no api-enabled" sfmfa profile assign dave desk
check "so he stays out, from a trusted network too" stays_out dave "correct horse dave" 127.0.7.1
check "and the event says so" last_event dave verdict=deny reason=api-disabled
token=$(token_of erin --label mail)
check "erin goes in" goes_in erin "correct horse erin$token"
check "erin is frozen" sfmfa user freeze erin
check "and stays out with all that is right" stays_out erin "correct horse erin$token"
check "and the event says so" last_event erin verdict=deny reason=frozen
check "erin is thawed" sfmfa user unfreeze erin
check "and goes in with the same token" goes_in erin "correct horse erin$token"
check "a name nobody has stays out" stays_out nobody-here "correct horse nobody-here$token"

# ---- lockout ----

token=$(token_of frank --label mail)
check "ten wrong tokens stay out" ten_times stays_out frank "correct horse frank$wrong"
check "the tenth is still just wrong" last_event frank verdict=deny reason=factor-wrong
check "then the right one stays out too" stays_out frank "correct horse frank$token"
check "and the event says locked" last_event frank verdict=deny reason=locked-out
clock_forward 840
check "after fourteen minutes still" stays_out frank "correct horse frank$token"
clock_forward 61
check "after fifteen it lets in" goes_in frank "correct horse frank$token"

# ---- many at once ----

# client USER PASSWORD NUMBER: from an address of its own.
client() { curl -sS -m 50 --interface "127.0.0.$(($3 + 1))" -u "$1:$2" imap://127.0.0.1:1143/ | grep -q '^\* LIST '; }
check "twenty clients at once with a token get in" value_is 20 at_once 20 client bob "correct horse bob$(token_of bob --label many)"
fresh_code carol
check "of twenty with one code one does" value_is 1 at_once 20 client carol "correct horse carol$code"

# ---- what Dovecot allows a module ----

# The workers are idle now, and there.
worker_limit() { awk '/^Max address space/ { print $4; exit }' "/proc/$(pgrep -P "$dovecot" -f '^dovecot/auth (-w|worker)' | head -1)/limits"; }
check "the workers have 256 MiB of address space" value_is $((256 * 1024 * 1024)) worker_limit
token=$(token_of bob --label alone)
daemon_stop
check "without a daemon a worker starts one for itself" goes_in bob "correct horse bob$token"
check "and so it does to refuse" stays_out bob "correct horse bob"
check "which leaves nothing behind" soon not pgrep -x sfmfad
daemon_restart

server_stop "$dovecot"
printf '%s\n' "session required $module" "session required pam_unix.so" >>/etc/pam.d/dovecot
dovecot_start "setcred=yes session=yes dovecot"
check "with setcred and session: password and token" goes_in erin "correct horse erin$(token_of erin --label session)"
check "with setcred and session: password alone stays out" stays_out erin "correct horse erin"
check "and the event says so" last_event erin verdict=deny reason=factor-missing
tap_end
