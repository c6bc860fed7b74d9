#!/bin/bash
# Connected apps with Dovecot's IMAP and PostgreSQL: assertions that openssl and PyJWT make, in the password field of clients that
# know nothing of them; beside password and token, and alone. PostgreSQL is a trusted caller.
# usage: apps.sh SOURCE BUILD
# shellcheck disable=SC2015,SC2317 # functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/api.sh
. "$here/api.sh"
programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
need_programs /usr/sbin/dovecot curl perl openssl /usr/bin/python3 "$programs/postgres" "$programs/initdb" psql
/usr/bin/python3 -c 'import jwt, cryptography' 2>/dev/null || { echo "1..0 # SKIP python3-jwt and python3-cryptography are not installed"; exit 0; }
world_enter "$here/apps.sh" "$source" "$build"
api_world alice bob

configure 'services = { api = [ "dovecot", "postgresql" ]; };'
configure 'trusted_callers = ( { user = "postgres"; services = [ "postgresql" ]; } );'
cat >/etc/pam.d/dovecot <<PAM
auth     [success=2 cred_unavail=ignore default=die]  $module credential
auth     requisite  $module split
auth     requisite  pam_unix.so use_first_pass nodelay
auth     required   $module
account  required   $module
account  required   pam_unix.so
PAM
cat >/etc/pam.d/postgresql <<PAM
auth     required   $module credential app=robot flow=jwt-bearer
account  required   $module
PAM

# ---- the app: an elliptic key, and an RSA certificate beside it ----

openssl ecparam -name prime256v1 -genkey -noout -out "$world/ec.key" 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$world/rsa.key" -out "$world/rsa.crt" -subj /CN=robot -days 30 2>/dev/null
openssl ecparam -name prime256v1 -genkey -noout -out "$world/thief.key" 2>/dev/null
mkdir -p /etc/sfmfa/apps.d
openssl ec -in "$world/ec.key" -pubout -out /etc/sfmfa/apps.d/ec.pem 2>/dev/null
# The daemon's clock is a day behind: a certificate of today is not yet valid there until that is made up for.
cp "$world/rsa.crt" /etc/sfmfa/apps.d/rsa.crt
cat >/etc/sfmfa/apps.d/robot.conf <<CONF
client_id   = "robot";
public_key  = "ec.pem";
certificate = "rsa.crt";
audience    = "imap.test";
flows       = [ "jwt-bearer" ];
services    = [ "dovecot", "postgresql" ];
members     = { users = [ "alice" ]; };
CONF
chmod 644 /etc/sfmfa/apps.d/*

b64() { openssl base64 -A | tr +/ -_ | tr -d =; }
claims() { printf '{"iss":"robot","sub":"%s","aud":"%s","exp":%d,"jti":"%s"}' "$1" "${2:-imap.test}" "${3:-$((now + 60))}" "${4:-$(openssl rand -hex 8)}"; }
# es256 KEY CLAIMS, rs256 KEY CLAIMS, hs256 FILE CLAIMS
es256()
{
    local text raw
    text=$(printf '{"alg":"ES256"}' | b64).$(printf %s "$2" | b64)
    raw=$(printf %s "$text" | openssl dgst -sha256 -sign "$1" -binary | openssl asn1parse -inform DER |
        perl -ne 'printf "%064s", $1 if /INTEGER *:([0-9A-F]+)/')
    printf '%s.%s' "$text" "$(printf %s "$raw" | perl -pe '$_ = pack "H*", $_' | b64)"
}
rs256()
{
    local text
    text=$(printf '{"alg":"RS256"}' | b64).$(printf %s "$2" | b64)
    printf '%s.%s' "$text" "$(printf %s "$text" | openssl dgst -sha256 -sign "$1" -binary | b64)"
}
hs256()
{
    local text
    text=$(printf '{"alg":"HS256"}' | b64).$(printf %s "$2" | b64)
    printf '%s.%s' "$text" "$(printf %s "$text" | openssl dgst -sha256 -mac HMAC -macopt hexkey:"$(od -An -v -tx1 "$1" | tr -d ' \n')" -binary | b64)"
}
# by_pyjwt ALGORITHM KEY CLAIMS: with the header that it writes by itself
by_pyjwt()
{
    /usr/bin/python3 -c 'import json, jwt, sys
with open(sys.argv[2]) as key:
    print(jwt.encode(json.loads(sys.argv[3]), key.read(), algorithm=sys.argv[1]), end="")' "$@"
}
none() { printf '%s.%s.%s' "$(printf '{"alg":"none"}' | b64)" "$(printf %s "$1" | b64)" AAAA; }

# ---- Dovecot ----

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
  args = dovecot
}
userdb {
  driver = passwd
}
CONF
mkdir -p "$world/dovecot" "$world/dovecot-state"
/usr/sbin/dovecot -F -c "$world/dovecot.conf" </dev/null >"$world/dovecot.out" 2>&1 &
server_ready 1143 "$world/dovecot.out" "$world/dovecot.log"
daemon_restart

imap() { curl -sS -v -m 30 -u "$1:$2" imap://127.0.0.1:1143/ >"$world/imap.out" 2>&1; }
goes_in() { imap "$@" && grep -q '^\* LIST ' "$world/imap.out" || { cat "$world/imap.out"; return 1; }; }
stays_out() { ! imap "$@" && grep -q 'NO \[AUTHENTICATIONFAILED\] Authentication failed' "$world/imap.out" || { cat "$world/imap.out"; return 1; }; }

assertion=$(es256 "$world/ec.key" "$(claims alice)")
check "an assertion of openssl lets in without a password" goes_in alice "$assertion"
check "and the event names app, flow and key" last_event alice service=dovecot login_type=api verdict=allow level=standard method=jwt reason=ok \
    app=robot flow=jwt-bearer
check "once" stays_out alice "$assertion"
check "and the event says replayed" last_event alice verdict=deny reason=replayed
assertion=$(by_pyjwt ES256 "$world/ec.key" "$(claims alice)")
check "an assertion of PyJWT lets in" goes_in alice "$assertion"
check "and the event names app, flow and key" last_event alice verdict=allow method=jwt reason=ok app=robot flow=jwt-bearer
check "once" stays_out alice "$assertion"
check "one of PyJWT that a thief signed stays out" stays_out alice "$(by_pyjwt ES256 "$world/thief.key" "$(claims alice)")"
check "the event says so" last_event alice reason=signature
check "one for somebody else stays out" stays_out alice "$(es256 "$world/ec.key" "$(claims bob)")"
check "and the event says not approved" last_event alice verdict=deny reason=not-approved
check "of another audience" stays_out alice "$(es256 "$world/ec.key" "$(claims alice elsewhere)")"
check "the event says so" last_event alice reason=audience
check "too long" stays_out alice "$(es256 "$world/ec.key" "$(claims alice imap.test $((now + 181)))")"
check "the event says so" last_event alice reason=expired
check "signed by a thief" stays_out alice "$(es256 "$world/thief.key" "$(claims alice)")"
check "the event says so" last_event alice reason=signature
check "signed by nobody" stays_out alice "$(none "$(claims alice)")"
check "the event says so" last_event alice reason=signature
check "HMAC with the public key" stays_out alice "$(hs256 /etc/sfmfa/apps.d/ec.pem "$(claims alice)")"
check "the event says so" last_event alice reason=signature
check "a user who is no member" stays_out bob "$(es256 "$world/ec.key" "$(claims bob)")"
check "the event says so" last_event bob reason=not-approved
check "RSA before its certificate is valid" stays_out alice "$(rs256 "$world/rsa.key" "$(claims alice)")"
check "the event says so" last_event alice reason=signature
clock_forward 90000
check "RSA when it is" goes_in alice "$(rs256 "$world/rsa.key" "$(claims alice)")"
check "RSA of PyJWT" goes_in alice "$(by_pyjwt RS256 "$world/rsa.key" "$(claims alice)")"
check "RSA of PyJWT for somebody else stays out" stays_out alice "$(by_pyjwt RS256 "$world/rsa.key" "$(claims bob)")"
check "the event says so" last_event alice reason=not-approved
check "an RSA assertion fits the field" [ "$(rs256 "$world/rsa.key" "$(claims alice)" | wc -c)" -le 512 ]
clock_forward $((30 * 86400))
check "RSA when it is not any more" stays_out alice "$(rs256 "$world/rsa.key" "$(claims alice)")"
check "the elliptic key beside it goes on" goes_in alice "$(es256 "$world/ec.key" "$(claims alice)")"

token=$(token_of alice --label phone)
check "password and token, as ever" goes_in alice "correct horse alice$token"
check "the password alone stays out" stays_out alice "correct horse alice"
check "the event says so" last_event alice reason=factor-missing
check "a wrong password with the right token stays out, without an event" no_new_event alice stays_out alice "wrong horse alice$token"

check "alice is frozen" sfmfa user freeze alice
check "and her robot with her" stays_out alice "$(es256 "$world/ec.key" "$(claims alice)")"
check "the event says so" last_event alice reason=frozen
check "alice is thawed" sfmfa user unfreeze alice

client() { curl -sS -m 50 -u "alice:$1" imap://127.0.0.1:1143/ | grep -q '^\* LIST '; }
check "of twenty clients with one assertion one gets in" value_is 1 at_once 20 client "$(es256 "$world/ec.key" "$(claims alice)")"

# ---- PostgreSQL: as postgres, a trusted caller; assertions alone ----

install -d -o postgres -g postgres -m 700 "$world/data"
install -d -o postgres -g postgres -m 755 "$world/sockets"
as postgres "$programs/initdb" -D "$world/data" -A trust -N -E UTF8 --locale=C.UTF-8 >"$world/initdb.out" 2>&1 ||
    { echo "Bail out! initdb: $(tail -3 "$world/initdb.out")"; exit 1; }
cat >"$world/data/pg_hba.conf" <<HBA
local all       postgres               trust
host  all       all      0.0.0.0/0     pam pamservice=postgresql
HBA
as postgres "$programs/postgres" -D "$world/data" -p 5433 -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories="$world/sockets" \
    </dev/null >"$world/postgres.log" 2>&1 &
soon as postgres psql -qAt -h "$world/sockets" -p 5433 -c "select" postgres || { echo "Bail out! $(tail -3 "$world/postgres.log")"; exit 1; }
as postgres psql -q -h "$world/sockets" -p 5433 -c "create role alice login" postgres

query()
{
    PGPASSWORD=$2 timeout 30 psql -XAt "host=127.0.0.1 port=5433 user=$1 dbname=postgres sslmode=disable gssencmode=disable" \
        -c "select 'this is ' || current_user" >"$world/psql.out" 2>&1 </dev/null
}
sql_in() { query "$@" && grep -q "^this is $1\$" "$world/psql.out" || { cat "$world/psql.out"; return 1; }; }
sql_out() { ! query "$@" && grep -q "FATAL:  PAM authentication failed" "$world/psql.out" || { cat "$world/psql.out"; return 1; }; }
assertion=$(es256 "$world/ec.key" "$(claims alice)")
check "PostgreSQL takes an assertion" sql_in alice "$assertion"
check "and the event says so, as postgres' word" last_event alice service=postgresql remote=127.0.0.1 verdict=allow method=jwt app=robot claimed=yes
check "once" sql_out alice "$assertion"
check "no password" no_new_event alice sql_out alice "correct horse alice"
check "not even with a token" no_new_event alice sql_out alice "correct horse alice$token"
tap_end
