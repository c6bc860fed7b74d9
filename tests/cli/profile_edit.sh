#!/bin/sh
# profile_edit.sh SFMFA SFMFAD SOURCE: profiles edited as a person and as a script would, as TAP.
# shellcheck disable=SC2016 # what stands in single quotes is for the shell of an editor
sfmfa=$1
sfmfad=$2
source=$3
. "$source/tests/cli/stage.sh"

profiles=$work/profiles.d
# edits STATUS COMMAND ARGUMENT...: nobody at a terminal, the editor is the command.
edits() {
	want=$1
	EDITOR=$2
	shift 2
	export EDITOR
	unset VISUAL
	runs "$want" profile edit "$@"
}
# reloaded: the daemon has read the files since they were installed last.
reloaded() {
	tries=0
	while [ $tries -lt 100 ]; do
		tries=$((tries + 1))
		sfm profile show "$1" && says out "$2" && return 0
		sleep 0.05
	done
	return 1
}
same() {
	cmp -s "$1" "$2"
}
left_nothing() {
	for folder in /tmp/sfmfa-edit-*; do
		if [ -O "$folder" ] && grep -q "$work" "$folder"/* 2>/dev/null; then return 1; fi
	done
}

sfm enroll daemon --json
sfm profile assign daemon standard
sfm profile assign bin standard
sfm profile assign games mfa
cp "$profiles/standard.conf" "$work/before"

ok "a file that was not touched is not written" edits 0 true standard
ok "and says so" says out "is as it was"
ok "an editor that fails changes nothing" edits 3 false standard
ok "nor does one that is not there" edits 3 "no-such-editor -w" standard
ok "and it is named" says err "no-such-editor"
ok "a typo is refused with file and line" edits 1 "sed -i s/permissions/permisions/" standard
ok "of the file it is about" grep -qE 'standard.conf:[0-9]+: .*permisions' "$work/err"
ok "nobody is there to be asked: nothing is installed" edits 1 "sed -i s/Standard/Other/" standard
ok "and the file is as it was" same "$profiles/standard.conf" "$work/before"

ok "with --yes it is installed" edits 0 'sed -i s/"api-enabled"/"api-enabled","mfa-ui-logins"/' standard --yes
ok "and says whom it is for, and who is not enrolled" grep -qE '^[0-9]+ users gain mfa-ui-logins, [0-9]+ of them are not enrolled: ' "$work/out"
ok "comments are where they were" [ "$(grep -c '^#' "$profiles/standard.conf")" -eq "$(grep -c '^#' "$work/before")" ]
ok "readable as it was before" [ "$(stat -c %a "$profiles/standard.conf")" = 644 ]
ok "it is in force without a restart" reloaded standard mfa-ui-logins
ok "nothing is left of the copy" left_nothing
ok "a change for nobody is told" edits 0 "sed -i s/Standard/Ordinary/" standard --yes
ok "in words" says out "Nothing changes for anybody."
cat >"$work/append" <<'APPEND'
#!/bin/sh
echo 'login_hours = { zone = "UTC"; mon = "08:00-09:00"; };' >>"$1"
APPEND
chmod 755 "$work/append"
ok "hours of those who stay" edits 0 "$work/append" mfa --yes
ok "are told" says out "1 user gets other login hours: games"
cat >"$work/move" <<'MOVE'
#!/bin/sh
sed -i 's/^members.*/members = { users = [ "sys" ]; };/' "$1"
MOVE
chmod 755 "$work/move"
ok "a profile that somebody is moved to" edits 0 "$work/move" mfa --yes
ok "tells from where" says out "1 user moves from profile standard to mfa: sys"

ok "what shuts out every administrator is not installed without asking" \
	edits 1 'sed -i s/"api-enabled"/"api-only-user"/' standard --yes
ok "and says why" says err "every administrator"
ok "a profile that is not there is made with --yes" edits 0 "sed -i s/\"\";/\"Fresh\";/" fresh --yes
ok "and is one" reloaded fresh Fresh
ok "without it, and nobody to ask, it is not" edits 1 true other
ok "a name that is none is a usage error" edits 2 true ../mfa
ok "as JSON: what changes" edits 0 'sed -i s/"mfa-ui-logins"/"mfa-ui-logins","waive-mfa"/' standard --yes --json
ok "one object" json 'v["profile"] == "standard" and any("gain waive-mfa" in c for c in v["changes"]) and len(vs) == 1'

# A second editor while the first one is open.
mkfifo "$work/hold"
cat >"$work/slow" <<SLOW
#!/bin/sh
: >"$work/slow.began"
cat "$work/hold" >/dev/null
SLOW
chmod 755 "$work/slow"
EDITOR=$work/slow setsid -w "$sfmfa" --runtime-dir "$work/run" --config "$work/sfmfa.conf" profile edit mfa \
	>/dev/null 2>&1 </dev/null &
first=$!
tries=0
while [ ! -e "$work/slow.began" ] && [ $tries -lt 200 ]; do
	tries=$((tries + 1))
	sleep 0.02
done
ok "a second editor is told" edits 1 true standard --yes
ok "in words" says err "somebody else is editing"
cp "$profiles/mfa.conf" "$work/before"
echo '# from elsewhere' >>"$profiles/mfa.conf"
echo >"$work/hold"
wait $first
ok "the lock ends with the editor" edits 0 true standard

cat >"$work/meddle" <<MEDDLE
#!/bin/sh
echo '# mine' >>"\$1"
echo '# theirs' >>"$profiles/mfa.conf"
MEDDLE
chmod 755 "$work/meddle"
ok "a file that somebody else changed meanwhile stays theirs" edits 1 "$work/meddle" mfa --yes
ok "and the copy is kept" grep -qE 'your copy is /tmp/sfmfa-edit-' "$work/err"
copy=$(sed -n 's/.*your copy is //p' "$work/err")
ok "with one's own words" grep -q '# mine' "$copy"
rm -rf "${copy%/*}"

# At a terminal: broken, edited again, shown, installed.
cat >"$work/turns" <<TURNS
#!/bin/sh
if [ -e "$work/turned" ]; then sed -i s/labbel/label/ "\$1"; else sed -i s/label/labbel/ "\$1"; echo '# turned' >>"\$1"; fi
: >"$work/turned"
TURNS
chmod 755 "$work/turns"
EDITOR=$work/turns
export EDITOR
ok "a person sees the fault, edits again and installs" talks 0 "[q]uit without a change?" e "Install it?" y -- profile edit mfa
ok "with the fault above the question" says out "labbel"
ok "it is installed" grep -q '# turned' "$profiles/mfa.conf"
rm "$work/turned"
ok "or quits without a change" talks 1 "[q]uit without a change?" q -- profile edit fresh
ok "none" lacks out "is installed"

# A broken file can be mended with it.
echo 'nonsense = 1;' >>"$profiles/fresh.conf"
ok "a broken profile is mended with the editor" edits 0 'sed -i /nonsense/d' fresh --yes
ok "while another file is broken nothing is installed" sh -c "echo 'nonsense = 1;' >>'$profiles/mfa.conf'"
ok "and that one is named" edits 1 'sed -i s/Fresh/Old/' fresh --yes
ok "by its name" says err "mfa.conf"
chmod 777 "$profiles"
ok "a folder that anybody can write is not edited in" edits 1 'sed -i s/Fresh/Old/' fresh --yes
chmod 755 "$profiles"

# The copy as somebody else could have left it.
sed -i /nonsense/d "$profiles/mfa.conf"
cp "$profiles/fresh.conf" "$work/before"
disguised() { # COMMAND, with the copy in $1: what the editor does to it
	printf '#!/bin/sh\n%s\n' "$1" >"$work/disguise"
	chmod 755 "$work/disguise"
	edits 1 "$work/disguise" fresh --yes && grep -q 'fresh.conf: ' "$work/err" && cmp -s "$work/before" "$profiles/fresh.conf"
}
echo 'label = "theirs";' >"$work/theirs.conf"
ok "a copy that became a link is not followed" disguised "ln -sf '$work/theirs.conf' \"\$1\""
ok "nor one with a second name" disguised "rm \"\$1\"; ln '$work/theirs.conf' \"\$1\""
ok "a copy that became a fifo holds nobody up" disguised 'rm "$1"; mkfifo "$1"'
ok "nor a folder" disguised 'rm "$1"; mkdir "$1"'
ok "a copy that anybody can write is not installed" disguised 'echo "label = \"x\";" >"$1"; chmod 666 "$1"'
ok "nor one that is too big" disguised 'head -c 5000000 /dev/zero | tr "\0" "\n" >"$1"'
ok "a copy that is gone is told" disguised 'rm "$1"'
echo "1..$count"
