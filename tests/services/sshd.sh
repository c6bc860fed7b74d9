#!/bin/bash
# Debian's sshd in front of Debian's pam_unix and pam_sfmfa: every way in that ssh has.
# usage: sshd.sh SOURCE BUILD
# shellcheck disable=SC2086,SC2317 # a way in is two words; functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/ssh.sh
. "$here/ssh.sh"
world_enter "$here/sshd.sh" "$source" "$build"
world_make alice bob carol dave gateway
world_configure

# Profiles that differ in where their people may come from.
for place in here:127.0.0.0/8 elsewhere:192.0.2.0/24; do
    cat >"/etc/sfmfa/profiles.d/${place%%:*}.conf" <<PROFILE
label = "from ${place%%:*}";
permissions = [ "api-enabled", "mfa-ui-logins" ];
login_ip_ranges = [ "${place#*:}" ];
PROFILE
done
cat >/etc/sfmfa/profiles.d/closed.conf <<'PROFILE'
label = "at no hour";
permissions = [ "mfa-ui-logins" ];
login_hours = { zone = "UTC"; mon = "closed"; tue = "closed"; wed = "closed"; thu = "closed"; fri = "closed"; sat = "closed"; sun = "closed"; };
PROFILE
daemon_start
sshd_prepare alice bob carol
install -d -m 700 /root/.ssh
# Port 2223 asks for a key first. Root is left as Debian has it: no password.
sshd_start /usr/sbin/sshd <<CONF
Port 2222
Port 2223
KbdInteractiveAuthentication yes
PasswordAuthentication yes
PermitRootLogin prohibit-password
Match LocalPort 2223
AuthenticationMethods publickey,keyboard-interactive:pam
CONF
kbd="keyboard-interactive 2222"
single="password 2222"
key="publickey 2222"
key_then_kbd="publickey,keyboard-interactive 2223"
# restarted_with LINE: in sfmfa.conf.
restarted_with()
{
    daemon_stop
    cp "$source/etc/sfmfa.conf" /etc/sfmfa/sfmfa.conf
    echo "$1" >>/etc/sfmfa/sfmfa.conf
    daemon_start
}
recovery_codes() { grep -oE '[A-Z2-7]{4}(-[A-Z2-7]{4}){3}' "$world/said" | sort -u; }
ten_recovery_codes() { value_is 10 eval 'recovery_codes | wc -l'; }

# What sshd hands on without sfmfa.
enters $kbd alice "correct horse alice" none >/dev/null
handed_on >"$world/handed.sshd"
protect sshd
cp /etc/pam.d/sshd "$world/pam.sshd"

# ---- nothing is owed ----

check "nothing owed: password at a dialogue" enters $kbd alice "correct horse alice" none
check "the event says single factor" last_event alice service=sshd login_type=ui remote=127.0.0.1 method=password \
    verdict=allow level=standard reason=ok-single-factor
check "the session was handed nothing else" handed_as "$world/handed.sshd"
check "but three variables" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=password SFMFA_SESSION_LEVEL=standard
check "nothing owed: password method" enters $single alice "correct horse alice" none
check "nothing owed: a key alone" enters $key alice none none
check "its event says that nothing was asked" last_event alice verdict=allow reason=ok-single-factor
check "nothing owed: a wrong password stays out" stays_out $kbd alice "wrong horse alice" none
check "sfmfa never heard of it" no_event alice

# ---- registration inside the login ----

sfmfa profile assign bob mfa >/dev/null
check "a factor is owed: a key alone is no evidence" stays_out $key bob none none
check "bob reads why" told "second factor"
check "its event says so" last_event bob verdict=deny reason=no-evidence
check "registration inside the login" enters $kbd bob "correct horse bob" ""
check "the QR code was on the screen" told '█'
check "ten recovery codes were on the screen" ten_recovery_codes
check "so was the end of it" told "Your authenticator app is registered"
check "its event says so" last_event bob service=sshd remote=127.0.0.1 method=totp verdict=allow level=high-assurance reason=ok-registered
check "its session is of high assurance" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=totp SFMFA_SESSION_LEVEL=high-assurance
cp "$TALK_DIR/key" "$world/bob.key"
recovery=$(recovery_codes | head -1)

# ---- the factor ----

check "the code that registered lets nobody in" stays_out $kbd bob "correct horse bob" ""
check "its event says replayed" last_event bob verdict=deny reason=factor-replayed
fresh_code bob
check "the next code: a command" enters $kbd bob "correct horse bob" "$code"
check "its event says totp" last_event bob method=totp verdict=allow level=high-assurance reason=ok
check "the session was handed nothing else" handed_as "$world/handed.sshd"
check "but three variables" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=totp SFMFA_SESSION_LEVEL=high-assurance
check "the same code again stays out" stays_out $kbd bob "correct horse bob" "$code"
check "bob reads that it was used" told "already used"
check "its event says replayed" last_event bob verdict=deny reason=factor-replayed
check "which is not counted" user_is bob failures 0
check "a wrong code stays out" stays_out $kbd bob "correct horse bob" 000000
check "bob reads that it was wrong" told "was not right"
check "its event says wrong" last_event bob verdict=deny reason=factor-wrong
check "which is counted" user_is bob failures 1
fresh_code bob
check "a wrong password and a right code stay out" stays_out $kbd bob "wrong horse bob" "$code"
check "sfmfa never heard of it" no_event bob
check "the code was not spent: a shell on a terminal" enters_shell $kbd bob "correct horse bob" "$code"
check "bob reads that an attempt failed" told "1 failed attempt since"
check "its session has three variables of sfmfa's" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=totp SFMFA_SESSION_LEVEL=high-assurance
fresh_code bob
check "sftp" delivers sftp $kbd bob "correct horse bob" "$code"
check "sftp with the same code carries nothing" delivers_nothing sftp $kbd bob "correct horse bob" "$code"
check "a recovery code" enters $kbd bob "correct horse bob" "${recovery,,}"
check "its event says so" last_event bob method=recovery-code verdict=allow reason=ok
check "the same recovery code stays out" stays_out $kbd bob "correct horse bob" "$recovery"
temporary=$(sfmfa --json temp-code bob | json code)
check "a temporary code" enters $kbd bob "correct horse bob" "$temporary"
check "its event says so" last_event bob method=temporary-code verdict=allow level=high-assurance reason=ok
check "its session is of high assurance" sfmfa_variables SFMFA_LOGIN_TYPE=ui SFMFA_METHOD=temporary-code SFMFA_SESSION_LEVEL=high-assurance
check "once more, as it is read out on the telephone" enters $kbd bob "correct horse bob" "$(tr 'A-Z-' 'a-z ' <<<"$temporary")"
sfmfa temp-code expire bob >/dev/null
check "after its end it stays out" stays_out $kbd bob "correct horse bob" "$temporary"
check "its event says wrong" last_event bob verdict=deny reason=factor-wrong
fresh_code bob
check "the phone is good as ever" enters $kbd bob "correct horse bob" "$code"

# ---- a narrow terminal that knows only ASCII ----

sfmfa profile assign dave mfa >/dev/null
narrow()
{
    local options
    ssh_options keyboard-interactive 2222
    expect_trace
    on_terminal 'assword: ' "correct horse dave" 'from your app: ' @phone 'Press Enter' "" '[$] ' "$(leave_trace); exit" \
        -- env LC_ALL=C TERM=dumb sh -c 'stty columns 20; exec "$@"' - ssh -tt "${options[@]}" dave@127.0.0.1
    is_in dave
}
check "registration there: the key is typed off" narrow
check "since no QR code can be seen" not_told '█'
check "its event says registered" last_event dave method=totp verdict=allow level=high-assurance reason=ok-registered
cp "$world/phone" "$world/dave.key"
fresh_code dave
check "its code lets in" enters $kbd dave "correct horse dave" "$code"

# ---- clients that cannot be asked, or go away ----

check "the password method sends the password for the code" stays_out $single bob "correct horse bob" none
check "its event says so" last_event bob verdict=deny reason=client-cannot-prompt
check "which is not counted" user_is bob failures 0
check "a client that goes away at the prompt" stays_out $kbd bob "correct horse bob" @away
check "its event says so" soon last_event bob verdict=deny reason=conversation
check "which is not counted" user_is bob failures 0

# ---- keys ----

check "a key alone is no evidence" stays_out $key bob none none
check "its event says so" last_event bob verdict=deny reason=no-evidence
fresh_code bob
check "a key, then password and code" enters $key_then_kbd bob "correct horse bob" "$code"
check "its event says totp" last_event bob method=totp verdict=allow reason=ok
check "a key, then the code of before" stays_out $key_then_kbd bob "correct horse bob" "$code"
check "password and code without the key" stays_out keyboard-interactive 2223 bob "correct horse bob" "$code"
check "which sfmfa never saw" no_event bob

# ---- a key and a code, no password; answers that are nobody's ----

sed -i '/^@include common-auth/d' /etc/pam.d/sshd
fresh_code bob
check "a key, then a code" enters $key_then_kbd bob none "$code"
check "its event says totp" last_event bob method=totp verdict=allow reason=ok
sfmfa profile assign root mfa >/dev/null
enrol root
fresh_code root
check "root, whom sshd forbids, with a right code" stays_out $kbd root none "$code"
check "sshd's placeholder makes no event" no_event root
check "and is not counted" user_is root failures 0
restarted_with 'default_profile = "mfa";'
check "somebody unknown, with a code" stays_out $kbd drowssap none "$code"
check "is asked like anybody" told "Authenticator code:"
check "sshd's placeholder makes no event" not grep -E "drowssap|unknown" "$world/daemon.log"
restarted_with ""
check "somebody unknown, where nobody is asked" stays_out $kbd drowssap none none
check "the event does not say the name" not grep drowssap "$world/daemon.log"
check "but what it was about" grep "user=unknown:[0-9a-f]* .* reason=unknown-user" "$world/daemon.log"
names_unknown() { events_settle; grep 'reason=unknown-user' "$world/daemon.log" | grep -o ' user=unknown:[0-9a-f]*' | sort -u | wc -l; }
unknown=$(names_unknown)
# A name that could be a path, and one that is no text.
for strange in ../x $'\xff\xfe'; do
    shown=$(printf %q "$strange")
    check "$shown stays out" stays_out $kbd "$strange" none none
    check "the event does not say the name" not grep -aF "$strange" "$world/daemon.log"
    unknown=$((unknown + 1))
    check "but whose it was: somebody's of their own" value_is $unknown names_unknown
done
cp "$world/pam.sshd" /etc/pam.d/sshd
check "root with a wrong password" stays_out $kbd root "correct horse root" "$code"
check "sfmfa never heard of it" no_event root

# ---- frozen ----

sfmfa user freeze bob >/dev/null
fresh_code bob
check "frozen: a key" stays_out $key bob none none
check "its event says frozen" last_event bob verdict=deny reason=frozen
check "frozen: a wrong code" stays_out $kbd bob "correct horse bob" 000000
check "who does not know the code is not told" not_told frozen
check "its event says frozen" last_event bob verdict=deny reason=frozen
check "frozen: a right code" stays_out $kbd bob "correct horse bob" "$code"
check "who knows the code is told" told "account is frozen"
check "its event says frozen" last_event bob verdict=deny reason=frozen
sfmfa user freeze alice >/dev/null
check "frozen, and owing nothing: a key" stays_out $key alice none none
check "its event says frozen" last_event alice verdict=deny reason=frozen

# ---- login IP ranges ----

sfmfa profile assign carol here >/dev/null
enrol carol
fresh_code carol
check "inside the ranges" enters $kbd carol "correct horse carol" "$code"
check "its event says ok" last_event carol verdict=allow reason=ok
sfmfa profile assign carol elsewhere >/dev/null
check "outside the ranges: a key" stays_out $key carol none none
check "its event says so" last_event carol verdict=deny reason=login-ip
fresh_code carol
check "outside the ranges: a right code" stays_out $kbd carol "correct horse carol" "$code"
check "carol is told" told "from this network"
check "its event says so" last_event carol verdict=deny reason=login-ip

# ---- login hours ----

sfmfa profile assign carol closed >/dev/null
check "outside the hours: a key" stays_out $key carol none none
check "its event says so" last_event carol verdict=deny reason=login-hours
check "a wrong code" stays_out $kbd carol "correct horse carol" 000000
check "who does not know the code is not told" not_told "at this time"
check "its event says so" last_event carol verdict=deny reason=login-hours
fresh_code carol
check "a right code" stays_out $kbd carol "correct horse carol" "$code"
check "who knows the code is told" told "not log in at this time"
check "its event says so" last_event carol verdict=deny reason=login-hours
check "the code was spent" stays_out $kbd carol "correct horse carol" "$code"
check "and does not tell it twice" not_told "at this time"

# ---- an account for programs ----

sfmfa profile assign gateway integration >/dev/null
check "api-only: registers, and is out" stays_out $kbd gateway "correct horse gateway" ""
check "the screen says so" told "account is for programs only"
check "its event says so" last_event gateway verdict=deny reason=api-only-registered
check "the app counts" user_is gateway app completed
cp "$TALK_DIR/key" "$world/gateway.key"
fresh_code gateway
check "api-only: closed from then on" stays_out $kbd gateway "correct horse gateway" "$code"
check "its event says so" last_event gateway verdict=deny reason=api-only
check "the configuration is in force" sfmfa status
tap_end
