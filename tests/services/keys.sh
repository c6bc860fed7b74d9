#!/bin/bash
# A new sealing key, a backup and a restore where no daemon runs: "sfmfad --once" serves each command, becomes
# sfmfa, and reads the key files before.
# usage: keys.sh SOURCE BUILD
# shellcheck disable=SC2317,SC2154 # functions are called by check; world: of world.sh
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
world_enter "$here/keys.sh" "$source" "$build"
world_make alice
world_configure
# --once has the real time.
clock_forward 86400

# Where the command looks for sfmfad: a folder of our own there.
path=$(sed -n 's/^#define SFMFA_DAEMON_PATH "\(.*\)"$/\1/p' "$build/paths.h")
mount -t tmpfs -o mode=755 sbin "${path%/*}" || world_skip "no folder for sfmfad"
install -m 755 "$build/daemon/sfmfad" "$path"
# Without a /dev/log the lines would go to the console.
once() { "$build/cli/sfmfa" "$@"; }
none_runs() { ! pgrep -x sfmfad; }
open() { value_is ok eval "once --json status | json keys"; }
# The owner, the group and the mode of the key are those of before; nothing lies beside it.
key_is_in_order() { value_is "root:sfmfa 640" stat -c '%U:%G %a' /etc/sfmfa/sealing.key && [ ! -e /etc/sfmfa/sealing.key.new ]; }
state_is_ours() { [ -z "$(find /var/lib/sfmfa -mindepth 1 \( ! -user sfmfa -o ! -perm 600 -o -name 'copy-*' \))" ]; }

check "the first command makes key and store" once status
check "no daemon runs" none_runs
cp /etc/sfmfa/sealing.key "$world/first.key"
check "an app is registered" eval "once --json enroll alice --no-confirm >'$world/enrolled.json' 2>'$world/err'"
check "a backup is made" once backup "$world/backup"
check "it is root's alone" value_is "root 600" stat -c '%U %a' "$world/backup"
check "the key is rotated" once key rotate
check "it is another one" not cmp -s /etc/sfmfa/sealing.key "$world/first.key"
check "and in order" key_is_in_order
check "it opens the store" open
check "and again" once key rotate
check "the store opens" open
# Interrupted before the new key took its place.
(umask 077; printf '%064d\n' 7 >/etc/sfmfa/sealing.key.new)
check "a rotation that was interrupted is gone on with" once key rotate
check "with the key that was there" value_is "$(printf '%064d' 7)" cat /etc/sfmfa/sealing.key
check "the store opens with it" open
cp "$world/first.key" /etc/sfmfa/sealing.key
check "the first one opens nothing any more" not open
printf '%064d\n' 7 >/etc/sfmfa/sealing.key
once disconnect alice >"$world/said" 2>&1
check "a backup from before the rotations is restored" once restore "$world/backup" --yes
check "the app is there again" eval "value_is pending eval 'once --json user show alice | json app'"
check "sfmfa owns the state, and nothing is left in it" state_is_ours
check "somebody who is not root rotates nothing" not as alice "$build/cli/sfmfa" key rotate
check "nor makes a backup" not as alice "$build/cli/sfmfa" backup /home/alice/copy
check "nor leaves a file" test ! -e /home/alice/copy
check "no process is left" none_runs
umount "${path%/*}"
tap_end
