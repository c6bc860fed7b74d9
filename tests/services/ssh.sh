# shellcheck shell=bash
# Sourced after world.sh: sshd, and people who come to it. The answers of a person are PASSWORD and CODE:
# CODE "" is what the phone of the last registration shows, "@away" closes the window at the prompt.
# shellcheck disable=SC2154 # world, here, build, code: of those who source this

# sshd_prepare USER...: keys; those of the users may enter with $world/user_key.
sshd_prepare()
{
    local user
    ssh-keygen -q -t ed25519 -N '' -f "$world/host_key"
    ssh-keygen -q -t ed25519 -N '' -f "$world/user_key"
    for user in "$@"; do
        install -d -o "$user" -g "$user" -m 700 "/home/$user/.ssh"
        install -o "$user" -g "$user" -m 600 "$world/user_key.pub" "/home/$user/.ssh/authorized_keys"
    done
    mkdir "$world/talk"
    export TALK_DIR=$world/talk AUTHENTICATOR=$world/authenticator
}

# sshd_start PROGRAM, its configuration on standard input. The name of the program is the PAM service. Refusals take no
# time; what sshd does not hand on to sessions.
sshd_start()
{
    local name=${1##*/}
    {
        echo "ListenAddress 127.0.0.1"
        echo "HostKey $world/host_key"
        echo "PidFile $world/$name.pid"
        echo "UsePAM yes"
        echo "Subsystem sftp internal-sftp"
        cat
    } >"$world/$name.conf"
    LD_PRELOAD=$build/tests/services/no_wait.so "$1" -f "$world/$name.conf" -E "$world/$name.log" && return 0
    echo "Bail out! $name does not start"
    exit 1
}

# ssh_answers PASSWORD CODE
ssh_answers()
{
    printf '%s\n' "$1" >"$TALK_DIR/password"
    printf '%s\n' "$2" >"$TALK_DIR/code"
    : >"$TALK_DIR/screen"
    expect_trace
}

# with_person COMMAND...: a client program whose questions the person answers; what it says goes to $world/said.
with_person()
{
    SSH_ASKPASS=$here/askpass.sh SSH_ASKPASS_REQUIRE=force DISPLAY=none LC_ALL=C.UTF-8 \
        timeout 60 "$@" >"$world/out" 2>"$world/err"
    local status=$?
    cat "$TALK_DIR/screen" "$world/out" "$world/err" | tr -d '\r' >"$world/said"
    return $status
}

# ssh_options METHODS PORT: in the array $options.
ssh_options()
{
    options=(-F none -o "PreferredAuthentications=$1" -o "Port=$2" -o StrictHostKeyChecking=no
        -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 -o IdentitiesOnly=yes -o ControlPath=none)
    case $1 in
    *publickey*) options+=(-i "$world/user_key") ;;
    esac
}

# ssh_in METHODS PORT USER PASSWORD CODE: one connection, whose command leaves a trace.
ssh_in()
{
    session_of "$@" "$(leave_trace)"
}
enters()
{
    ssh_in "$@"
    is_in "$3"
}
stays_out() { not ssh_in "$@" && nothing_opened; }

# A shell on a terminal, with the command typed into it.
enters_shell()
{
    local options
    ssh_options "$1" "$2"
    ssh_answers "$4" "$5"
    printf '%s\nexit\n' "$(leave_trace)" | with_person ssh -tt "${options[@]}" "$3@127.0.0.1"
    is_in "$3" && grep -q '^SSH_TTY=' "$world/opened"
}

# send PROGRAM METHODS PORT USER PASSWORD CODE: a file of the person's to the home of the user, by sftp, scp or rsync.
send()
{
    local program=$1 options
    shift
    ssh_options "$1" "$2"
    ssh_answers "$4" "$5"
    echo "sent by $program, $RANDOM" >"$world/letter"
    rm -f "/home/$3/letter"
    case $program in
    sftp) echo "put $world/letter" | with_person sftp "${options[@]}" "$3@127.0.0.1" ;;
    scp) with_person scp "${options[@]}" "$world/letter" "$3@127.0.0.1:" ;;
    rsync) with_person rsync -e "ssh ${options[*]}" "$world/letter" "$3@127.0.0.1:" ;;
    esac
}
delivers()
{
    send "$@"
    cmp "$world/letter" "/home/$4/letter" || { cat "$world/said"; return 1; }
}
delivers_nothing()
{
    send "$@"
    [ ! -e "/home/$4/letter" ] && nothing_opened
}

# within USER COMMAND: a login with a dialogue and a fresh code, and the command in its session; sudo has no time stamp.
within()
{
    rm -rf /run/sudo
    fresh_code "$1"
    session_of keyboard-interactive 2222 "$1" "correct horse $1" "$code" "$2"
}
# session_of METHODS PORT USER PASSWORD CODE COMMAND
session_of()
{
    local options
    ssh_options "$1" "$2"
    ssh_answers "$4" "$5"
    with_person ssh "${options[@]}" "$3@127.0.0.1" "$6" </dev/null
}
# An sshd closes a session after its client has gone.
sessions_ended() { not pgrep -P "$(cat "$world/sshd.pid")"; }

# sshd_api_start: a second sshd, on port 2223, whose service "sshd-api" has one field for password and factor. The
# name of the program is the service. nodelay: a wrong password would only be waited for.
sshd_api_start()
{
    protect sshd-api
    without_delay sshd-api
    ln -s /usr/sbin/sshd "$world/sshd-api"
    printf 'Port 2223\nKbdInteractiveAuthentication no\nPasswordAuthentication yes\n' | sshd_start "$world/sshd-api"
}
