#!/bin/bash
# nginx with HTTP basic authentication: the module runs in the worker, which is www-data and a trusted caller, anew
# for every request.
# usage: nginx.sh SOURCE BUILD
# shellcheck disable=SC2015,SC2317 # functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/api.sh
. "$here/api.sh"
need_programs /usr/sbin/nginx /usr/lib/nginx/modules/ngx_http_auth_pam_module.so curl perl
world_enter "$here/nginx.sh" "$source" "$build"
api_world alice bob carol dave

# pam_unix of a caller that is not root reads the passwords of others in this group only.
usermod --append --groups shadow www-data
www_data=$(id -u www-data)
api_stack wiki nginx
api_stack nginx
configure 'services = { api = [ "nginx", "wiki" ]; };'

mkdir "$world/www" "$world/tmp"
echo "the front page" >"$world/www/index.html"
echo "another page" >"$world/www/page.html"
echo "the wiki" >"$world/www/wiki.html"
cat >"$world/nginx.conf" <<CONF
load_module /usr/lib/nginx/modules/ngx_http_auth_pam_module.so;
user www-data;
worker_processes 1;
daemon off;
pid $world/nginx.pid;
error_log $world/nginx.log info;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path $world/tmp;
  proxy_temp_path $world/tmp;
  fastcgi_temp_path $world/tmp;
  uwsgi_temp_path $world/tmp;
  scgi_temp_path $world/tmp;
  server {
    listen 127.0.0.1:8081;
    root $world/www;
    auth_pam "the pages";
    auth_pam_service_name "nginx";
    location = /wiki.html { auth_pam_service_name "wiki"; }
  }
}
CONF
# nginx_start COMMAND... : in front of nginx
nginx_start()
{
    "$@" /usr/sbin/nginx -c "$world/nginx.conf" -e "$world/nginx.log" </dev/null >"$world/nginx.out" 2>&1 &
    nginx=$!
    server_ready 8081 "$world/nginx.out" "$world/nginx.log"
}

# get PATH USER PASSWORD: the status, and the page or nginx's own, to $world/http.out.
get()
{
    curl -sS -i -m 30 --interface 127.0.0.2 -u "$2:$3" "http://127.0.0.1:8081$1" >"$world/http.out" 2>&1
}
status() { grep -q "^HTTP/1.1 $1" "$world/http.out" || { cat "$world/http.out"; return 1; }; }
shows() { get "$@" && status 200; }
refuses() { get "$@" && status 401 && grep -q '^WWW-Authenticate: Basic' "$world/http.out"; }
logged() { grep -q "$1" "$world/nginx.log" || { tail -5 "$world/nginx.log"; return 1; }; }

nginx_start
daemon_restart
token=$(token_of bob --label browser --service nginx)

# ---- www-data is nobody yet ----

check "while www-data is not named in trusted_callers nobody gets in" refuses /page.html bob "correct horse bob$token"
check "and the event says by whom" last_event bob service=nginx verdict=deny reason=configuration caller="$www_data"
configure 'trusted_callers = ( { user = "www-data"; services = [ "nginx" ]; } );'
daemon_restart

# ---- tokens ----

check "password and token" shows /page.html bob "correct horse bob$token"
check "and the event says so, as www-data's word" last_event bob service=nginx login_type=api remote=127.0.0.2 verdict=allow level=standard \
    method=security-token reason=ok caller="$www_data" claimed=yes
check "the token is good for every request" makes_events 1 bob shows /page.html bob "correct horse bob$token"
check "for / nginx asks twice, for the index too" makes_events 2 bob shows / bob "correct horse bob$token"
check "and shows the index" grep -q '^the front page' "$world/http.out"
check "the password alone stays out" refuses /page.html bob "correct horse bob"
check "and the event says so" last_event bob verdict=deny reason=factor-missing
check "a wrong password stays out, without an event" no_new_event bob refuses /page.html bob "wrong horse bob$token"
check "no password at all stays out, without an event" no_new_event bob refuses /page.html bob ""
check "a token of another service stays out" refuses /page.html bob "correct horse bob$(token_of bob --label mail --service dovecot)"
check "and the event says so" last_event bob verdict=deny reason=token-out-of-scope
check "a page whose service is not listed for www-data stays shut" refuses /wiki.html bob "correct horse bob$(token_of bob --label wiki)"
check "and the event says so" last_event bob service=wiki verdict=deny reason=configuration caller="$www_data"

# ---- codes ----

with_app alice mfa-api
fresh_code alice
check "password and code, one page" shows /page.html alice "correct horse alice$code"
check "and the event says high assurance" last_event alice verdict=allow level=high-assurance method=totp reason=ok caller="$www_data"
check "the next request with it stays out" refuses /page.html alice "correct horse alice$code"
check "and the event says replayed" last_event alice verdict=deny reason=factor-replayed
fresh_code alice
check "for / a code is spent by the first of two questions" makes_events 2 alice refuses / alice "correct horse alice$code"
check "the first was let in" grep -q "verdict=allow .*reason=ok " <<<"$(events_of alice | head -1)"
check "the second was a replay" last_event alice verdict=deny reason=factor-replayed
check "a token for her gets / too" shows / alice "correct horse alice$(token_of alice --label browser --service nginx)"
check "a wrong code stays out" refuses /page.html alice "correct horse alice000000"
check "and the event says wrong" last_event alice verdict=deny reason=factor-wrong

# ---- lockout, of www-data's questions about carol ----

mine=$(token_of carol --label browser)
check "ten wrong tokens stay out" ten_times refuses /page.html carol "correct horse carol$token"
check "then the right one stays out too" refuses /page.html carol "correct horse carol$mine"
check "and the event says locked" last_event carol verdict=deny reason=locked-out caller="$www_data"
check "but programs of root let her in" "$world/pamtalk" --rhost 127.0.0.2 nginx carol "correct horse carol$mine"
clock_forward 901
check "after fifteen minutes nginx does too" shows /page.html carol "correct horse carol$mine"

# ---- what else www-data may not ask ----

# is_told TEXT ARGUMENTS OF PAMTALK...
is_told() { ! as www-data "$world/pamtalk" "${@:2}" >"$world/talk.out" && grep -q "^$1" "$world/talk.out" || { cat "$world/talk.out"; return 1; }; }
check "dave is to register an app" sfmfa profile assign dave mfa
check "www-data cannot register one for him" is_told "authenticate: Error in service module" --show login dave
check "and is shown no key" not grep -q '[A-Z2-7]\{4\} [A-Z2-7]\{4\}' "$world/talk.out"
check "and the event says so" last_event dave service=login login_type=ui verdict=deny reason=configuration caller="$www_data"
fresh_code alice
check "www-data cannot have a code verified for a login with a dialogue" is_told "authenticate: Error in service module" login alice "$code"
check "and the event says so" last_event alice service=login verdict=deny reason=configuration caller="$www_data"
check "nor ask for the account phase of a service that is not listed" is_told "account: Error in service module" --phases acct wiki alice
check "and the event says so" last_event alice service=wiki verdict=deny reason=configuration caller="$www_data"
check "alice's code is still good there" "$world/pamtalk" login alice "$code"

# ---- frozen ----

check "bob is frozen" sfmfa user freeze bob
check "and stays out from the next request on" refuses /page.html bob "correct horse bob$token"
check "and the event says so" last_event bob verdict=deny reason=frozen
check "bob is thawed" sfmfa user unfreeze bob

# ---- no daemon ----

daemon_stop
check "without a daemon nobody gets in" refuses /page.html bob "correct horse bob$token"
check "and nginx logs why" logged "not authenticated: Authentication service cannot retrieve authentication info"
daemon_restart
check "it comes back by itself" shows /page.html bob "correct horse bob$token"

# ---- where set-uid programs do nothing ----

server_stop "$nginx"
nginx_start setpriv --no-new-privs
check "the worker has no-new-privs" grep -q '^NoNewPrivs:.*1' "/proc/$(pgrep -P "$nginx")/status"
check "with no-new-privs: password and token" shows / bob "correct horse bob$token"
check "with no-new-privs: the password alone stays out" refuses / bob "correct horse bob"
tap_end
