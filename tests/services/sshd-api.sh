#!/bin/bash
# A second sshd for sftp, scp and rsync, whose service is mapped to api: password and factor in one field.
# usage: sshd-api.sh SOURCE BUILD
# shellcheck disable=SC2086,SC2317 # a way in is two words; functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/ssh.sh
. "$here/ssh.sh"
world_enter "$here/sshd-api.sh" "$source" "$build"
world_make alice bob carol gateway
world_configure
protect sshd
cat >>/etc/sfmfa/sfmfa.conf <<CONF
services = { api = [ "sshd-api" ]; };
lockout = { max_invalid_attempts = 3; minutes = 15; };
CONF
cat >/etc/sfmfa/profiles.d/free.conf <<PROFILE
label = "owes nothing";
permissions = [ "api-enabled" ];
api = { token_required = "never"; };
PROFILE
cat >/etc/sfmfa/profiles.d/no-api.conf <<PROFILE
label = "interactive only";
permissions = [ "mfa-ui-logins" ];
PROFILE
daemon_start
sshd_prepare alice bob carol gateway
sshd_start /usr/sbin/sshd <<CONF
Port 2222
PasswordAuthentication no
CONF
sshd_api_start
dialogue="keyboard-interactive 2222"
field="password 2223"
key="publickey 2223"
token_of() { sfmfa --json token new "$@" | json token; }

# ---- a token is due: nobody owes a second factor, the network is not trusted ----

token=$(token_of alice --label laptop)
check "a token is due: the password alone stays out" stays_out $field alice "correct horse alice" none
check "its event says missing" last_event alice service=sshd-api login_type=api remote=127.0.0.1 verdict=deny reason=factor-missing
check "which is not counted" user_is alice failures 0
cp "$world/said" "$world/said.missing"
check "a wrong password stays out" stays_out $field alice "wrong horse alice" none
check "sfmfa decided nothing" no_event alice
check "alice cannot tell one from the other" diff "$world/said" "$world/said.missing"
check "a wrong password with a right token carries nothing" delivers_nothing sftp $field alice "wrong horse alice$token" none
check "sfmfa decided nothing" no_event alice
check "sftp with password and token" delivers sftp $field alice "correct horse alice$token" none
check "its event says token" last_event alice service=sshd-api login_type=api method=security-token verdict=allow level=standard reason=ok
check "scp with the same" delivers scp $field alice "correct horse alice$token" none
check "rsync with the same" delivers rsync $field alice "correct horse alice$token" none
check "a command with the same" enters $field alice "correct horse alice$token" none
check "the session has three variables of sfmfa's" \
    sfmfa_variables SFMFA_LOGIN_TYPE=api SFMFA_METHOD=security-token SFMFA_SESSION_LEVEL=standard
check "a token with a slip is a wrong password" delivers_nothing sftp $field alice "correct horse alice${token/?/-}" none
check "sfmfa decided nothing" no_event alice
check "where a token is due a key alone is no evidence" stays_out $key alice none none
check "its event says so" last_event alice service=sshd-api login_type=api verdict=deny reason=no-evidence
check "scp with a key alone carries nothing" delivers_nothing scp $key alice none none

check "somebody unknown, with a token" stays_out $field drowssap "correct horse$token" none
check "root, whom sshd forbids, with a token" stays_out $field root "correct horse$token" none
check "sfmfa decided nothing" no_event root
check "nor is there a word of the other" not grep -E "drowssap|unknown" "$world/daemon.log"

# ---- tokens that do not fit ----

mail=$(token_of alice --label mail --service dovecot)
away=$(token_of alice --label away --from 192.0.2.0/24)
brief=$(token_of alice --label brief --expires 60s)
foreign=$(token_of bob --label laptop)
check "a token for another service" delivers_nothing sftp $field alice "correct horse alice$mail" none
check "its event says so" last_event alice method=security-token verdict=deny reason=token-out-of-scope
check "a token for another network" delivers_nothing rsync $field alice "correct horse alice$away" none
check "its event says so" last_event alice verdict=deny reason=token-out-of-scope
check "a token in its time" delivers sftp $field alice "correct horse alice$brief" none
clock_forward 120
check "a token after its time" delivers_nothing sftp $field alice "correct horse alice$brief" none
check "its event says so" last_event alice verdict=deny reason=token-expired
sfmfa token revoke alice laptop >/dev/null
check "a token that was revoked" delivers_nothing sftp $field alice "correct horse alice$token" none
check "its event says so" last_event alice verdict=deny reason=token-expired
token=$(token_of alice --label laptop)
check "two tokens are a wrong password" delivers_nothing sftp $field alice "correct horse alice$token$token" none
check "sfmfa decided nothing" no_event alice
check "a token of bob's" delivers_nothing sftp $field alice "correct horse alice$foreign" none
check "its event says wrong" last_event alice verdict=deny reason=factor-wrong

# ---- the lock ----

sfmfa user unlock alice >/dev/null
for try in 1 2 3; do
    check "wrong token $try" delivers_nothing sftp $field alice "correct horse alice$foreign" none
done
check "then the right one carries nothing" delivers_nothing sftp $field alice "correct horse alice$token" none
check "its event says locked" last_event alice verdict=deny reason=locked-out
sfmfa user unlock alice >/dev/null
check "after an unlock it does" delivers sftp $field alice "correct horse alice$token" none

# ---- a second factor ----

sfmfa profile assign bob mfa-api >/dev/null
check "bob registers at a dialogue" enters $dialogue bob "correct horse bob" ""
cp "$TALK_DIR/key" "$world/bob.key"
fresh_code bob
check "in effect: the password alone" delivers_nothing sftp $field bob "correct horse bob" none
check "its event says missing" last_event bob verdict=deny reason=factor-missing
check "a wrong password with a right code" delivers_nothing sftp $field bob "wrong horse bob$code" none
check "sfmfa decided nothing" no_event bob
check "sftp with password and code" delivers sftp $field bob "correct horse bob$code" none
check "its event says totp, at high assurance" last_event bob login_type=api method=totp verdict=allow level=high-assurance reason=ok
check "scp with the same code" delivers_nothing scp $field bob "correct horse bob$code" none
check "its event says replayed" last_event bob verdict=deny reason=factor-replayed
check "a wrong code" delivers_nothing rsync $field bob "correct horse bob000000" none
check "its event says wrong" last_event bob verdict=deny reason=factor-wrong
fresh_code bob
check "rsync with password and code" delivers rsync $field bob "correct horse bob$code" none
check "a key alone is no evidence" delivers_nothing rsync $key bob none none
check "its event says so" last_event bob verdict=deny reason=no-evidence
check "a token answers too" delivers sftp $field bob "correct horse bob$foreign" none
check "its event says token" last_event bob method=security-token verdict=allow reason=ok
sfmfa user freeze bob >/dev/null
check "frozen: nothing is carried" delivers_nothing sftp $field bob "correct horse bob$foreign" none
check "its event says frozen" last_event bob verdict=deny reason=frozen
check "frozen: nor with a key" delivers_nothing sftp $key bob none none
check "its event says frozen" last_event bob verdict=deny reason=frozen

# ---- nothing is due ----

sfmfa profile assign carol free >/dev/null
check "nothing due: the password is enough" delivers sftp $field carol "correct horse carol" none
check "its event says single factor" last_event carol login_type=api method=password verdict=allow level=standard reason=ok-single-factor
check "nothing due: a key is enough" delivers rsync $key carol none none
check "its event says so" last_event carol verdict=allow reason=ok-single-factor
check "nothing due: a token of carol's is taken off" delivers sftp $field carol "correct horse carol$(token_of carol --label x)" none
check "its event says token" last_event carol method=security-token verdict=allow reason=ok
sfmfa profile assign carol no-api >/dev/null
check "without api-enabled there is no way in" delivers_nothing sftp $field carol "correct horse carol" none
check "its event says so" last_event carol verdict=deny reason=api-disabled
check "with a key neither" delivers_nothing sftp $key carol none none
check "its event says so" last_event carol verdict=deny reason=api-disabled

# ---- an account for programs ----

sfmfa profile assign gateway integration >/dev/null
check "api-only: a dialogue to register" stays_out $dialogue gateway "correct horse gateway" ""
cp "$TALK_DIR/key" "$world/gateway.key"
fresh_code gateway
check "then sftp with password and code" delivers sftp $field gateway "correct horse gateway$code" none
check "its event says ok" last_event gateway login_type=api method=totp verdict=allow reason=ok
tap_end
