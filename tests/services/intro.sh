#!/bin/bash
# sfmfa-intro(7), typed by somebody new: every command of the page, in its order, on a host where sfmfa has been
# installed a moment ago.
# usage: intro.sh SOURCE BUILD
# shellcheck disable=SC2016,SC2317 # functions are called by check, and what eval is for expands there
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
# shellcheck source=tests/services/ssh.sh
. "$here/ssh.sh"
# shellcheck source=tests/services/api.sh
. "$here/api.sh"
need_programs /usr/sbin/sshd /usr/sbin/dovecot curl openssl meson systemd-sysusers systemd-tmpfiles
world_enter "$here/intro.sh" "$source" "$build"
world_make alice bob
userdel sfmfa
rm -rf /var/lib/sfmfa /run/sfmfa
world_cover usr
world_cover root

# The page's own: what packages put in place, and what systemd starts.
install_it()
{
    meson install --no-rebuild -C "$build" >"$world/install.out" 2>&1 || { cat "$world/install.out"; return 1; }
    # Where libpam looks, and the pages.
    ln -sf "$build/pam_module/pam_sfmfa.so" "$(dirname "$(find /usr/lib -name pam_unix.so | head -1)")/pam_sfmfa.so"
    mkdir -p /usr/share/doc && ln -sfn "$(find /usr/local -path '*doc/sfmfa' | head -1)" /usr/share/doc/sfmfa
    systemd-sysusers /usr/local/lib/sysusers.d/sfmfa.conf && systemd-tmpfiles --create /usr/local/lib/tmpfiles.d/sfmfa.conf
    install -d -o sfmfa -g sfmfa -m 700 /var/lib/sfmfa
    ln -sf "$world/sfmfa" /usr/local/bin/sfmfa
    daemon_start
}
printf '#!/bin/sh\nSFMFA_FAKECLOCK=%s LD_PRELOAD=%s exec %s "$@"\n' "$world/clock" "$build/tests/lib/fakeclock.so" "$build/cli/sfmfa" >"$world/sfmfa"
chmod 755 "$world/sfmfa"
names_module() { grep -lE '^[^#]*pam_sfmfa\.so' /etc/pam.d/*; }

# Host keys and Dovecot's certificate are this world's.
sshd_prepare alice bob
ssh-keygen -A >/dev/null
service ssh start >"$world/ssh.out" 2>&1
server_ready 22 "$world/ssh.out"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=mail \
    -keyout /etc/dovecot/private/dovecot.key -out /etc/dovecot/private/dovecot.pem 2>/dev/null
printf 'auth_failure_delay = 0\n' >/etc/dovecot/local.conf
mkdir -p /run/dovecot
dovecot -F </dev/null >"$world/dovecot.out" 2>&1 &
server_ready 143 "$world/dovecot.out"

# Her app is registered in the first login; then codes follow one another. Without a daemon time is the real one.
logins=0
login()
{
    local answer=
    logins=$((logins + 1))
    if [ "$logins" -gt 1 ]; then
        cp -n "$TALK_DIR/key" "$world/alice.key"
        if [ -z "${daemon:-}" ]; then code=$("$build/tests/lib/authenticator" <"$world/alice.key"); else fresh_code alice; fi
        answer=$code
        stays_out keyboard-interactive 22 alice "correct horse alice" 000000 && told "was not right" || return 1
        stays_out keyboard-interactive 22 alice "wrong horse alice" "$answer" || return 1
    fi
    enters keyboard-interactive 22 alice "correct horse alice" "$answer" && enters keyboard-interactive 22 bob "correct horse bob" none
}
mail_of() { curl -sS -m 30 --user "$1" imap://127.0.0.1/ 2>&1 | grep '^\* LIST '; }
mail() { mail_of "alice:correct horse alice$token" && not mail_of "alice:correct horse alice" && not mail_of "alice:wrong horse alice$token"; }
new_token()
{
    fresh_code alice
    # shellcheck disable=SC2086 # words of the page
    terminal_of alice "code: " "$code" -- /usr/local/bin/${1#\$ } || { cat "$world/said"; return 1; }
    token=$(tr -d '\r' <"$world/said" | grep -oE '\b[A-Za-z0-9]{24}\b' | head -1)
    [ -n "$token" ] || { cat "$world/said"; return 1; }
}

# type LINE: what the line of the page does.
type_line()
{
    case $1 in
    '# apt install '*) install_it ;;
    '# apt remove '*) not names_module ;;
    '# systemctl stop '*) daemon_stop; rm -f /run/sfmfa/*.sock ;;
    '# systemctl start '*) daemon_start ;;
    '$ ssh alice@localhost') login ;;
    '$ curl --user alice imap://localhost/') mail ;;
    '$ sfmfa token new '*) new_token "$1" ;;
    '# '*) HOME=/root bash -c "${1#\# }" ;;
    *) echo "nobody's prompt"; return 1 ;;
    esac
}
awk '/^```/ {inside = !inside; next} inside' "$source/man/sfmfa-intro.7.scd" >"$world/lines"
while IFS= read -r line <&9; do
    check "$line" type_line "$line"
done 9<"$world/lines"
check "there were commands" test "$(wc -l <"$world/lines")" -ge 20
check "a password is enough again" enters password 22 alice "correct horse alice" none
check "so it is for mail" mail_of "alice:correct horse alice"
tap_end
