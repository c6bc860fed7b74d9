# shellcheck shell=bash
# Sourced by the scripts: makes sure that Debian packages are there.
# shellcheck disable=SC2034 # which packages: those who source this choose

build_packages=(
    gcc libc6-dev meson ninja-build pkg-config
    libpam0g-dev liboath-dev libssl-dev libconfig-dev libsqlite3-dev libqrencode-dev libjansson-dev libev-dev
)
man_packages=(scdoc)
test_packages=(
    libcriterion-dev clang libclang-rt-14-dev binutils sqlite3 zbar-tools man-db
    util-linux passwd tzdata iproute2 procps strace shellcheck zsh systemd
)
# What scripts/analyse and scripts/coverage run.
analysis_packages=(clang-tidy cppcheck valgrind gcovr)
package_packages=(debhelper lintian)
# Programs that tests/services logs in to.
service_packages=(
    openssh-server openssh-client rsync sudo cron at
    dovecot-imapd vsftpd curl nginx-light libnginx-mod-http-auth-pam postgresql-15 openvpn openssl
    i3lock xvfb xdotool perl tmux python3 python3-jwt python3-cryptography
)

# Installing a server would start it, and the first PostgreSQL of a host makes a cluster; here nobody wants either
# but a test, which does so itself.
# shellcheck disable=SC2016 # it is for another shell
install_quietly='
made=
trap "rm -f \$made" EXIT
trap "exit 1" INT TERM
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    made=$policy
    printf "#!/bin/sh\nexit 101\n" >$policy && chmod 755 $policy
fi
clusters=/etc/postgresql-common/createcluster.d
if mkdir -p $clusters; then
    made="$made $clusters/sfmfa.conf"
    echo "create_main_cluster = false" >$clusters/sfmfa.conf
fi
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
'

# need_packages NAME...: installs what is missing, as root or through sudo, and says so.
# Nothing missing: no root is needed and nothing is asked.
need_packages()
{
    local missing=() name
    for name in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "These packages are missing: ${missing[*]}" >&2
            echo "Run this as root once, or install them: apt-get install ${missing[*]}" >&2
            return 1
        fi
        root=(sudo)
    fi
    echo "Installing ${#missing[@]} Debian packages${root[0]:+ through sudo}: ${missing[*]}"
    local log
    log=$(mktemp) || return 1
    if "${root[@]}" apt-get update -qq >"$log" 2>&1 &&
        "${root[@]}" sh -c "$install_quietly" sh "${missing[@]}" >>"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    echo "The packages could not be installed:" >&2
    tail -20 "$log" >&2
    rm -f "$log"
    return 1
}
