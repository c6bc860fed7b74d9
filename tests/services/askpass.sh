#!/bin/bash
# The person at an ssh client (SSH_ASKPASS): reads the screen in $1, answers the question at its end.
# TALK_DIR holds what the person knows: password, code (without one the phone is looked at), and what is
# seen. A key on the screen goes into the phone. "@away" as code: the person closes the window.
screen=$1
printf '%s\n' "$screen" >>"$TALK_DIR/screen"
key=$(printf '%s\n' "$screen" | grep -oE '([A-Z2-7]{4} ){4,}[A-Z2-7]{1,4}' | head -1 | tr -d ' ')
[ -n "$key" ] && echo "$key" >"$TALK_DIR/key"
case $screen in
*[Pp]assword*) cat "$TALK_DIR/password" ;;
*[Cc]ode*:*)
    code=$(cat "$TALK_DIR/code")
    case $code in
    @away) kill -KILL "$PPID" ;;
    "") "$AUTHENTICATOR" <"$TALK_DIR/key" ;;
    *) echo "$code" ;;
    esac
    ;;
*) echo ;;
esac
