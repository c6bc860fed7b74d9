#!/bin/bash
# PostgreSQL with "pam" in pg_hba.conf: the module runs in the server's process for the connection, which is postgres
# and a trusted caller. By TCP and by the local socket, where nobody says where the client is.
# usage: postgresql.sh SOURCE BUILD
# shellcheck disable=SC2015,SC2317 # functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/api.sh
. "$here/api.sh"
programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
need_programs "$programs/postgres" "$programs/initdb" psql perl
world_enter "$here/postgresql.sh" "$source" "$build"
api_world alice bob carol dave

# pam_unix of a caller that is not root reads the passwords of others in this group only.
usermod --append --groups shadow postgres
postgres_uid=$(id -u postgres)
api_stack postgresql
configure 'services = { api = [ "postgresql", "reports" ]; };'
configure 'trusted_networks = [ "192.0.2.0/24", "local" ];'
configure 'trusted_callers = ( { user = "postgres"; services = [ "postgresql", "reports" ]; } );'

# A user of the database only, whose password a program knows.
cat >"$world/check-report" <<'SH'
#!/bin/sh
IFS= read -r typed
[ "$PAM_USER:$typed" = "report:quarterly" ]
SH
chmod 755 "$world/check-report"
cat >/etc/pam.d/reports <<PAM
auth     requisite  $module split
auth     requisite  pam_exec.so expose_authtok quiet $world/check-report
auth     required   $module
account  required   $module
PAM

# An office on the loopback interface: clients of this address come from it.
ip address add 192.0.2.1/32 dev lo
echo "192.0.2.1 desk.office.test" >>/etc/hosts
postgres_start()
{
    install -d -o postgres -g postgres -m 700 "$world/data"
    install -d -o postgres -g postgres -m 755 "$world/sockets"
    as postgres "$programs/initdb" -D "$world/data" -A trust -N -E UTF8 --locale=C.UTF-8 >"$world/initdb.out" 2>&1 ||
        { echo "Bail out! initdb: $(tail -3 "$world/initdb.out")"; exit 1; }
    cat >"$world/data/pg_hba.conf" <<HBA
local all       postgres               trust
host  named     all      0.0.0.0/0     pam pamservice=postgresql pam_use_hostname=1
host  reports   all      0.0.0.0/0     pam pamservice=reports
local all       all                    pam pamservice=postgresql
host  all       all      0.0.0.0/0     pam pamservice=postgresql
HBA
    # What is lost here is not missed.
    as postgres "$programs/postgres" -D "$world/data" -p 5433 -c listen_addresses=127.0.0.1,192.0.2.1 -c fsync=off -c log_connections=on \
        -c unix_socket_directories="$world/sockets" </dev/null >"$world/postgres.log" 2>&1 &
    soon as postgres psql -qAt -h "$world/sockets" -p 5433 -c "select" postgres || { echo "Bail out! $(tail -3 "$world/postgres.log")"; exit 1; }
    as postgres psql -q -h "$world/sockets" -p 5433 postgres <<SQL
create role alice login; create role bob login; create role carol login; create role report login;
create database named; create database reports;
SQL
}

# connection HOST USER [DATABASE]
connection() { echo "host=$1 port=5433 user=$2 dbname=${3:-postgres} sslmode=disable gssencmode=disable"; }
# query HOST USER PASSWORD [DATABASE]: with the password where psql finds it; what it says goes to $world/psql.out.
query()
{
    PGPASSWORD=$3 timeout 30 psql -XAt "$(connection "$1" "$2" "$4")" -c "select 'this is ' || current_user" >"$world/psql.out" 2>&1 </dev/null
}
goes_in() { query "$@" && grep -q "^this is $2\$" "$world/psql.out" || { cat "$world/psql.out"; return 1; }; }
stays_out() { ! query "$@" && grep -q "FATAL:  PAM authentication failed for user \"$2\"" "$world/psql.out" || { cat "$world/psql.out"; return 1; }; }
# typed HOST USER PASSWORD: psql finds no password and asks for one, without a terminal on standard input.
typed()
{
    echo "$3" | setsid --wait timeout 30 env -u PGPASSWORD psql -XAt "$(connection "$1" "$2")" -c "select 'this is ' || current_user" >"$world/psql.out" 2>&1
}
types_and_goes_in() { typed "$@" && grep -q "this is $2\$" "$world/psql.out" || { cat "$world/psql.out"; return 1; }; }
connections() { grep -c "connection received" "$world/postgres.log"; }
tcp=127.0.0.1 socket=$world/sockets office=192.0.2.1

postgres_start
daemon_restart
token=$(token_of bob --label report --service postgresql)

# ---- tokens ----

check "password and token" goes_in $tcp bob "correct horse bob$token"
check "and the event says so, as postgres' word" last_event bob service=postgresql login_type=api remote=127.0.0.1 verdict=allow level=standard \
    method=security-token reason=ok caller="$postgres_uid" claimed=yes
check "the password alone stays out" stays_out $tcp bob "correct horse bob"
check "and the event says so" last_event bob verdict=deny reason=factor-missing
check "a wrong password stays out, without an event" no_new_event bob stays_out $tcp bob "wrong horse bob$token"
check "from the office the password is enough" goes_in $office bob "correct horse bob"
check "and the event says that nothing else was offered" last_event bob remote=192.0.2.1 verdict=allow reason=ok-single-factor
check "unless the server says its name: names are nowhere" stays_out $office bob "correct horse bob" named
check "and the event says so" last_event bob remote=desk.office.test verdict=deny reason=factor-missing
check "by the local socket: password and token" goes_in "$socket" bob "correct horse bob$token"
check "by the local socket: who says nothing is not local" stays_out "$socket" bob "correct horse bob"
check "and the event says so" last_event bob verdict=deny reason=factor-missing
check "a token of another service stays out" stays_out $tcp bob "correct horse bob$(token_of bob --label mail --service dovecot)"
check "and the event says so" last_event bob verdict=deny reason=token-out-of-scope

# ---- codes ----

with_app alice mfa-api
fresh_code alice
check "password and code" goes_in $tcp alice "correct horse alice$code"
check "and the event says high assurance" last_event alice verdict=allow level=high-assurance method=totp reason=ok caller="$postgres_uid"
check "the same code again stays out" stays_out $tcp alice "correct horse alice$code"
check "and the event says replayed" last_event alice verdict=deny reason=factor-replayed
check "not even from the office without one" stays_out $office alice "correct horse alice"
check "and the event says missing" last_event alice remote=192.0.2.1 verdict=deny reason=factor-missing
before=$(connections)
fresh_code alice
check "password and code are typed" types_and_goes_in $tcp alice "correct horse alice$code"
check "psql connected twice for it" test $(($(connections) - before)) -eq 2
check "and the code was spent once" last_event alice verdict=allow method=totp reason=ok
check "the password alone is typed and refused, ten times" ten_times not typed $tcp alice "correct horse alice"
check "and the event says missing" last_event alice verdict=deny reason=factor-missing
fresh_code alice
check "which locks nobody out" types_and_goes_in $tcp alice "correct horse alice$code"

# ---- lockout, of postgres' questions about carol ----

mine=$(token_of carol --label query)
check "ten wrong tokens stay out" ten_times stays_out $tcp carol "correct horse carol$token"
check "then the right one stays out too" stays_out $tcp carol "correct horse carol$mine"
check "and the event says locked" last_event carol verdict=deny reason=locked-out caller="$postgres_uid"
check "carol is unlocked" sfmfa user unlock carol
check "and goes in" goes_in $tcp carol "correct horse carol$mine"

# ---- a user that only the database knows ----

token=$(token_of report --label batch)
check "a virtual user: password and token" goes_in $tcp report "quarterly$token" reports
check "and the event says so" last_event report service=reports verdict=allow method=security-token reason=ok
check "the password alone stays out" stays_out $tcp report "quarterly" reports
check "and the event says so" last_event report verdict=deny reason=factor-missing

# ---- what else postgres may not ask ----

# is_told TEXT ARGUMENTS OF PAMTALK...
is_told() { ! as postgres "$world/pamtalk" "${@:2}" >"$world/talk.out" && grep -q "^$1" "$world/talk.out" || { cat "$world/talk.out"; return 1; }; }
check "dave is to register an app" sfmfa profile assign dave mfa
check "postgres cannot register one for him" is_told "authenticate: Error in service module" --show login dave
check "and is shown no key" not grep -q '[A-Z2-7]\{4\} [A-Z2-7]\{4\}' "$world/talk.out"
check "and the event says so" last_event dave service=login login_type=ui verdict=deny reason=configuration caller="$postgres_uid"
check "nor ask for the account phase of a service that is not listed" is_told "account: Error in service module" --phases acct login alice
check "and the event says so" last_event alice service=login verdict=deny reason=configuration caller="$postgres_uid"

# ---- no daemon ----

token=$(token_of bob --label later)
daemon_stop
check "without a daemon nobody gets in" stays_out $tcp bob "correct horse bob$token"
check "and the server logs why" grep -q "pam_authenticate failed: Authentication service cannot retrieve authentication info" "$world/postgres.log"
daemon_restart
check "it comes back by itself" goes_in $tcp bob "correct horse bob$token"
tap_end
