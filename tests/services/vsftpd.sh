#!/bin/bash
# vsftpd: the client's socket is standard input, output and error of the process that calls the module, 200 MiB
# of address space, and a SIGCHLD handler that ends the session when a child of ours is taken for one of its own.
# So everything is tried with a daemon, and where the module starts sfmfad --once.
# usage: vsftpd.sh SOURCE BUILD
# shellcheck disable=SC2015,SC2317 # functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/api.sh
. "$here/api.sh"
need_programs /usr/sbin/vsftpd curl perl
world_enter "$here/vsftpd.sh" "$source" "$build"
api_world alice bob

api_stack vsftpd
configure 'services = { api = [ "vsftpd" ]; };'
configure 'trusted_networks = [ "127.0.7.0/24" ];'

# vsftpd_start SETTINGS... : no pause after a refused login.
vsftpd_start()
{
    mkdir -p /run/vsftpd/empty
    printf '%s\n' listen=YES listen_ipv6=NO listen_address=127.0.0.1 listen_port=2121 background=NO anonymous_enable=NO \
        local_enable=YES write_enable=YES pam_service_name=vsftpd secure_chroot_dir=/run/vsftpd/empty \
        delay_failed_login=0 delay_successful_login=0 "$@" >"$world/vsftpd.conf"
    /usr/sbin/vsftpd "$world/vsftpd.conf" </dev/null >"$world/vsftpd.out" 2>&1 &
    vsftpd=$!
    server_ready 2121 "$world/vsftpd.out"
}

# fetch USER PASSWORD [FROM]: a whole session; the client's side goes to $world/ftp.out.
fetch()
{
    curl -sS -v -m 30 --interface "${3:-127.0.0.2}" -u "$1:$2" "ftp://127.0.0.1:2121/news" >"$world/ftp.out" 2>&1
}
goes_in() { fetch "$@" && grep -q "^the news of $1$" "$world/ftp.out" || { cat "$world/ftp.out"; return 1; }; }
stays_out() { ! fetch "$@" && grep -q '^< 530 Login incorrect' "$world/ftp.out" || { cat "$world/ftp.out"; return 1; }; }

# says EXPECTED USER PASSWORD [PASSWORD]... : one connection, so many attempts; EXPECTED are all the replies.
says()
{
    local expected=$1 user=$2 password line replies=
    shift 2
    exec 3<>/dev/tcp/127.0.0.1/2121 || return 1
    read -r -t 20 line <&3
    for password in "$@"; do
        printf 'USER %s\r\n' "$user" >&3 && read -r -t 20 line <&3
        printf 'PASS %s\r\n' "$password" >&3 && read -r -t 20 line <&3
        replies+="${line%%$'\r'} / "
    done
    printf 'QUIT\r\n' >&3
    replies+=$(timeout 20 cat <&3 | tr -d '\r')
    exec 3<&-
    [ "$replies" = "$expected" ] || { echo "said: $replies"; return 1; }
}

for user in alice bob; do
    echo "the news of $user" >"/home/$user/news"
done
vsftpd_start
daemon_restart
token=$(token_of bob --label ftp --service vsftpd)
with_app alice mfa-api

# ---- with a daemon ----

check "password and token" goes_in bob "correct horse bob$token"
check "and the event says so" last_event bob service=vsftpd login_type=api remote=127.0.0.2 verdict=allow level=standard method=security-token reason=ok
check "the password alone stays out" stays_out bob "correct horse bob"
check "and the event says so" last_event bob verdict=deny reason=factor-missing
check "the password alone lets in from a trusted network" goes_in bob "correct horse bob" 127.0.7.1
check "a wrong password stays out, without an event" no_new_event bob stays_out bob "wrong horse bob$token"
check "a token of another service stays out" stays_out bob "correct horse bob$(token_of bob --label mail --service dovecot)"
check "and the event says so" last_event bob verdict=deny reason=token-out-of-scope
fresh_code alice
check "password and code" goes_in alice "correct horse alice$code"
check "and the event says high assurance" last_event alice verdict=allow level=high-assurance method=totp reason=ok
check "the same code again stays out" stays_out alice "correct horse alice$code"
check "and the event says replayed" last_event alice verdict=deny reason=factor-replayed
check "a wrong code stays out" stays_out alice "correct horse alice000000"
check "and the event says wrong" last_event alice verdict=deny reason=factor-wrong
check "three attempts on one connection, the last one right" says \
    "530 Login incorrect. / 530 Login incorrect. / 230 Login successful. / 221 Goodbye." bob "correct horse bob" "wrong$token" "correct horse bob$token"
check "bob is frozen" sfmfa user freeze bob
check "and stays out" stays_out bob "correct horse bob$token"
check "and the event says so" last_event bob verdict=deny reason=frozen
check "bob is thawed" sfmfa user unfreeze bob

# client NUMBER: a session of bob from an address of its own.
client() { curl -sS -m 50 --interface "127.0.0.$(($1 + 1))" -u "bob:correct horse bob$token" "ftp://127.0.0.1:2121/news" | grep -q '^the news of bob$'; }
check "ten sessions at once" value_is 10 at_once 10 client

# ---- without ----

daemon_stop
check "without a daemon: password and token" goes_in bob "correct horse bob$token" 127.0.9.1
check "the password alone stays out" stays_out bob "correct horse bob" 127.0.9.2
check "a wrong password stays out" stays_out bob "wrong horse bob$token"
code=$(real_code alice)
check "password and code" goes_in alice "correct horse alice$code"
check "the same code again stays out" stays_out alice "correct horse alice$code"
check "three attempts on one connection, the last one right" says \
    "530 Login incorrect. / 530 Login incorrect. / 230 Login successful. / 221 Goodbye." bob "correct horse bob" "wrong$token" "correct horse bob$token"
check "ten sessions at once" value_is 10 at_once 10 client
check "no sfmfad is left behind" soon not pgrep -x sfmfad
daemon_restart
# logged USER FROM REASON: an event that is in the store.
logged() { sfmfa log "$1" --json | tee "$world/log" | grep "\"remote\": *\"$2\"" | grep -q "\"reason\": *\"$3\"" || { cat "$world/log"; return 1; }; }
check "what was decided meanwhile is in the store" logged bob 127.0.9.1 ok
check "the refusals too" logged bob 127.0.9.2 factor-missing

# ---- with sessions of its own ----

server_stop "$vsftpd"
printf '%s\n' "session required $module" "session required pam_unix.so" >>/etc/pam.d/vsftpd
vsftpd_start session_support=YES
check "with session_support: password and token" goes_in bob "correct horse bob$token"
check "with session_support: the password alone stays out" stays_out bob "correct horse bob"
tap_end
