#!/bin/bash
# The person at an ssh client (SSH_ASKPASS): reads the screen in $1, answers the question at its end.
# TALK_DIR holds password, authenticator, and what is seen. A key on the screen goes into the app.
screen=$1
printf '%s\n' "$screen" >>"$TALK_DIR/screen"
key=$(printf '%s\n' "$screen" | grep -oE '([A-Z2-7]{4} ){4,}[A-Z2-7]{1,4}' | head -1 | tr -d ' ')
[ -n "$key" ] && echo "$key" >"$TALK_DIR/key"
case $screen in
*[Pp]assword*) cat "$TALK_DIR/password" ;;
*[Cc]ode*:*) [ -e "$TALK_DIR/answer" ] && cat "$TALK_DIR/answer" || "$AUTHENTICATOR" --step-offset "${TALK_STEP:-0}" <"$TALK_DIR/key" ;;
*) echo ;;
esac
