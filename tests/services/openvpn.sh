#!/bin/bash
# OpenVPN with its PAM plugin: a process of root answers prompts it knows by a word in them, and refuses every text
# that has none of these words. Server and clients are in one network namespace, each with a tunnel.
# usage: openvpn.sh SOURCE BUILD
# shellcheck disable=SC2015,SC2317 # functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/api.sh
. "$here/api.sh"
plugin=$(printf '%s\n' /usr/lib/*/openvpn/plugins/openvpn-plugin-auth-pam.so | tail -1)
need_programs openvpn "$plugin" openssl perl
world_enter "$here/openvpn.sh" "$source" "$build"
# Opened, the device says whether the kernel has it.
if ! (exec 3<>/dev/net/tun) 2>/dev/null; then
    echo "1..0 # SKIP no /dev/net/tun here"
    exit 0
fi
api_world alice bob

# One password field; and a field of its own for the code, as a login with a dialogue.
api_stack openvpn
cat >/etc/pam.d/openvpn-code <<PAM
auth     requisite  pam_unix.so nodelay
auth     required   $module [prompt=Verification code: ]
account  required   $module
account  required   pam_unix.so
PAM
configure 'services = { api = [ "openvpn" ]; };'
configure 'trusted_networks = [ "127.0.7.0/24" ];'

certificates()
(
    cd "$world" &&
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt &&
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=server -keyout server.key -out server.csr &&
        printf 'extendedKeyUsage=serverAuth\nkeyUsage=digitalSignature' >extensions &&
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out server.crt
)
# openvpn_start PORT NETWORK PLUGIN-ARGUMENTS
openvpn_start()
{
    (cd "$world" && exec openvpn --mode server --tls-server --dev tun --proto tcp-server --local 127.0.0.1 --port "$1" --topology subnet \
        --server "$2" 255.255.255.0 --ca ca.crt --cert server.crt --key server.key --dh none --verify-client-cert none \
        --username-as-common-name --plugin "$plugin" "$3" --user nobody --group nogroup --persist-key --persist-tun --tmp-dir "$world/notes" --verb 4) \
        </dev/null >"$world/server.$1" 2>&1 &
    server_ready "$1" "$world/server.$1"
}

# tunnel PORT USER PASSWORD [FROM]: the client up to the moment where it has a tunnel, or is refused.
tunnel()
{
    printf '%s\n' "$2" "$3" >"$world/credentials"
    chmod 600 "$world/credentials"
    timeout 30 openvpn --client --dev tun --proto tcp-client --remote 127.0.0.1 "$1" --local "${4:-127.0.0.2}" --lport 0 --ca "$world/ca.crt" \
        --remote-cert-tls server --auth-user-pass "$world/credentials" --auth-retry none --auth-nocache --ifconfig-noexec --route-noexec \
        --connect-retry-max 1 --script-security 2 --route-up "$world/up" --verb 3 </dev/null >"$world/client.out" 2>&1
}
goes_in() { tunnel "$@"; grep -q 'Initialization Sequence Completed' "$world/client.out" || { cat "$world/client.out"; return 1; }; }
stays_out() { tunnel "$@"; grep -q 'AUTH_FAILED' "$world/client.out" && ! grep -q 'Initialization Sequence Completed' "$world/client.out" || { cat "$world/client.out"; return 1; }; }
# both PASSWORD CODE: as a client with --static-challenge sends them.
both() { echo "SCRV1:$(printf %s "$1" | base64 -w 0):$(printf %s "$2" | base64 -w 0)"; }

certificates >"$world/openssl.out" 2>&1 || { echo "Bail out! $(tail -1 "$world/openssl.out")"; exit 1; }
# shellcheck disable=SC2016 # PPID is the script's
# The first thing that the tunnel is used for is to end it.
printf '#!/bin/sh\nkill -TERM "$PPID"\n' >"$world/up"
chmod 755 "$world/up"
# What the server passes to its plugin, and leaves behind when it is killed.
install -d -o nobody -g nogroup -m 700 "$world/notes"
openvpn_start 1194 10.99.0.0 "openvpn login USERNAME password PASSWORD"
openvpn_start 1195 10.98.0.0 "openvpn-code login USERNAME Password PASSWORD Verification OTP"
daemon_restart
token=$(token_of bob --label vpn --service openvpn)

# ---- one field ----

check "password and token" goes_in 1194 bob "correct horse bob$token"
check "and the event says so" last_event bob service=openvpn login_type=api remote=127.0.0.2 verdict=allow level=standard method=security-token reason=ok
check "the password alone stays out" stays_out 1194 bob "correct horse bob"
check "and the event says so" last_event bob verdict=deny reason=factor-missing
check "the password alone lets in from a trusted network" goes_in 1194 bob "correct horse bob" 127.0.7.1
check "a wrong password stays out, without an event" no_new_event bob stays_out 1194 bob "wrong horse bob$token"
check "a token of another service stays out" stays_out 1194 bob "correct horse bob$(token_of bob --label mail --service dovecot)"
check "and the event says so" last_event bob verdict=deny reason=token-out-of-scope
check "a name nobody has stays out" stays_out 1194 nobody-here "correct horse bob$token"

with_app alice mfa-api
fresh_code alice
check "password and code" goes_in 1194 alice "correct horse alice$code"
check "and the event says high assurance" last_event alice verdict=allow level=high-assurance method=totp reason=ok
check "the same code again stays out" stays_out 1194 alice "correct horse alice$code"
check "and the event says replayed" last_event alice verdict=deny reason=factor-replayed
check "a wrong code stays out" stays_out 1194 alice "correct horse alice000000"
check "and the event says wrong" last_event alice verdict=deny reason=factor-wrong

# ---- a field for the code: a dialogue, in which the plugin refuses every text ----

fresh_code alice
check "password and code in fields of their own" goes_in 1195 alice "$(both "correct horse alice" "$code")"
check "in spite of a text, which the plugin was shown" grep -q "query='.*failed attempt" "$world/server.1195"
check "and the event says so" last_event alice service=openvpn-code login_type=ui remote=127.0.0.2 verdict=allow level=high-assurance method=totp reason=ok
check "a wrong code stays out" stays_out 1195 alice "$(both "correct horse alice" 000000)"
check "and the event says wrong" last_event alice service=openvpn-code verdict=deny reason=factor-wrong
check "the password in both fields stays out" stays_out 1195 alice "$(both "correct horse alice" "correct horse alice")"
check "and the event says what happened" last_event alice verdict=deny reason=client-cannot-prompt
fresh_code alice
check "a wrong password stays out, without an event" no_new_event alice stays_out 1195 alice "$(both "wrong horse alice" "$code")"
check "the code is still good" goes_in 1195 alice "$(both "correct horse alice" "$code")"
check "who owes nothing needs no code" goes_in 1195 bob "$(both "correct horse bob" "")"
check "and the event says so" last_event bob service=openvpn-code login_type=ui verdict=allow reason=ok-single-factor
check "bob is to use a second factor" sfmfa profile assign bob mfa
check "he cannot register here: the question has no word the plugin knows" stays_out 1195 bob "$(both "correct horse bob" 123456)"
check "and is without an app still" user_is bob app none

# ---- no daemon ----

daemon_stop
check "without a daemon the plugin's process starts one for itself" goes_in 1194 alice "correct horse alice$(real_code alice)"
check "and so it does to refuse" stays_out 1194 alice "correct horse alice"
check "which leaves nothing behind" soon not pgrep -x sfmfad
tap_end
