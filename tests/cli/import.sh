#!/bin/sh
# import.sh SFMFA SFMFAD SOURCE: enrolments taken over from pam_oath, google-authenticator and otpauth URIs, as TAP.
sfmfa=$1
sfmfad=$2
source=$3
. "$source/tests/cli/stage.sh"

hex=3132333435363738393031323334353637383930
base32=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ
has_app() { # USER STATE
	runs 0 user show "$1" --json && json "v['app'] == '$2'"
}
# secret-free: no key, code or URI of a source is in what was said.
tells_no_secret() {
	! grep -qiE "$hex|$base32|3132333435|12345678|otpauth" "$work/out" "$work/err"
}

# pam_oath
cat >"$work/users.oath" <<OATH
# a comment, and an empty line

HOTP/T30 daemon - $hex
HOTP/T60/8	bin	-	$hex	0	123456	2020-01-01T10:00:00L
HOTP games - $hex 12
HOTP/E/6 sync - $hex
HOTP/T30/6 man 1234 $hex
HOTP/T30/6 mailbox@example.org - $hex
OATH
ok "import oath --dry-run" runs 0 import oath "$work/users.oath" --dry-run
ok "says what it would do" says out "4 authenticator apps imported"
ok "and that it did not" says out "Dry run"
ok "and did nothing" has_app daemon none
ok "import oath" runs 0 import oath "$work/users.oath"
ok "counts" says out "4 authenticator apps imported, 0 replaced."
ok "names the event-based app by its line" says err "users.oath:5: left out: an event-based (HOTP) app"
ok "and the other one" says err "users.oath:6: left out"
ok "and a PIN that is not taken over" says err "users.oath:7: has a PIN"
ok "tells no secret" tells_no_secret
ok "what was imported is pending" has_app daemon pending
ok "with the parameters of its line" runs 0 user show bin --json
ok "digits, period" json 'v["digits"] == 8 and v["period"] == 60 and v["app"] == "pending"'
ok "a name that the system does not know is a virtual user" runs 0 user show mailbox@example.org --json
ok "who is listed so" json 'v["virtual"] is True and v["app"] == "pending"'
ok "the import is an event" runs 0 log --limit 1 --json
ok "with actor and counts" json 'v["actor"] == "root" and v["verb"] == "import" and "imported 4" in v["change"]'
ok "again: nobody is replaced" runs 0 import oath "$work/users.oath" --json
ok "and it is said in JSON" json 'v == {"imported": 0, "replaced": 0, "kept": 4, "left_out": 2, "dry_run": False}'
ok "--replace" runs 0 import oath "$work/users.oath" --replace --json
ok "replaces" json 'v["replaced"] == 4 and v["kept"] == 0'

# What is wrong is told by its line, and then nothing is imported.
printf 'HOTP/T30 nobody - %s\nHOTP/T30 lp - nothex\nHOTP/T30 news\nHOTP/T30 uucp - 3132\nHOTP/T30 nobody - %s\nTOTP/T30 irc - %s\nHOTP/T30/9 list - %s\n' \
	$hex $hex $hex $hex >"$work/bad.oath"
ok "a file with bad lines is refused" runs 1 import oath "$work/bad.oath"
for line in 2 3 4 5 6 7; do
	ok "line $line is named" says err "bad.oath:$line: "
done
ok "by number, never by content" tells_no_secret
ok "nothing was imported" says err "nothing was imported"
ok "not even what was right" has_app nobody none
printf 'HOTP/T30 \377\376 - %s\n' $hex >"$work/latin.oath"
ok "a user name that is not UTF-8 is refused" runs 1 import oath "$work/latin.oath"
ok "by its line" says err "latin.oath:1: "
printf 'HOTP/T30 lp - %s\000\n' $hex >"$work/nul.oath"
ok "a NUL byte is refused" runs 1 import oath "$work/nul.oath"
ok "a file that is not there" runs 3 import oath "$work/nowhere"
ok "is named" says err "nowhere"
ok "a folder is refused" runs 3 import oath "$work"
ok "no file is a usage error" runs 2 import oath
ok "an unknown format too, with a suggestion" runs 2 import otpaut "$work/users.oath"
ok "which is this" says err "otpauth"
i=0
while [ $i -lt 40 ]; do
	i=$((i + 1))
	echo "no line of any format $i"
done >"$work/many"
ok "many bad lines" runs 1 import oath "$work/many"
ok "are told up to twenty" [ "$(grep -c 'many:' "$work/err")" -eq 20 ]
ok "and counted" says err "and 20 more"

# More than a page, beside a source that cannot be measured.
grown=$work/grown.oath
awk -v key=$hex 'BEGIN { for (i = 0; i < 4000; i++) printf "HOTP/T30 grown%05d - %s\n", i, key }' >"$grown"
mkfifo "$work/pipe"
{
	"$sfmfa" --runtime-dir "$work/run" import oath "$grown" - <"$work/pipe" >"$work/out" 2>"$work/err"
	echo $? >"$work/status"
} &
importer=$!
exec 3>"$work/pipe"
echo "HOTP/T30 games - $hex" >&3
exec 3>&-
wait $importer
ok "standard input beside a file" [ "$(cat "$work/status")" = 0 ]
ok "both were imported" says out "4001 authenticator apps imported"
ok "all of the pages" has_app grown03999 pending

# google-authenticator: files are read with the rights of their owner.
home=$work/home
mkdir -m 755 "$home"
google() { # FILE OWNER LINE...
	file=$home/$1
	owner=$2
	shift 2
	printf '%s\n' "$@" >"$file" && chmod 400 "$file"
	if [ "$(id -u)" -eq 0 ]; then chown "$owner" "$file"; fi
}
if [ "$(id -u)" -eq 0 ]; then
	google good backup $base32 '" RATE_LIMIT 3 30' '" WINDOW_SIZE 17' '" DISALLOW_REUSE 57000000 57000002' '" TOTP_AUTH' 12345678 87654321
	google counter list $base32 '" HOTP_COUNTER 5'
	ok "import google-authenticator" runs 0 import google-authenticator "$home/good" "$home/counter"
	ok "a wider window is told" says err "good: has a wider window"
	ok "the owner of the file is the user" has_app backup pending
	ok "scratch codes come along" runs 0 user show backup --json
	ok "two of them" json 'v["recovery_codes"] == 2'
	ok "an event-based app is told" runs 0 import google-authenticator "$home/counter"
	ok "and left out" says err "counter: left out"
	ok "tells no secret" tells_no_secret
	ln -s "$home/good" "$home/link"
	ok "a symbolic link is not followed" runs 1 import google-authenticator "$home/link"
	ln "$home/counter" "$home/second"
	ok "a file with two names is not read" runs 1 import google-authenticator "$home/counter"
	rm "$home/second"
	mkfifo "$home/fifo"
	ok "a fifo does not hang" runs 1 import google-authenticator "$home/fifo"
	mkdir -m 700 "$home/private"
	cp "$home/good" "$home/private/file"
	chown backup "$home/private/file"
	ok "what its owner cannot reach is not read by root for them" runs 1 import google-authenticator "$home/private/file"
	ok "which is said" says err "its owner cannot read it"
	google broken list $base32 '" TOTP_AUTH' 1234
	ok "a scratch code of another form is refused" runs 1 import google-authenticator "$home/broken"
	ok "by its line" says err "broken:3: "
	google lost list '" TOTP_AUTH'
	ok "a file without a secret is refused" runs 1 import google-authenticator "$home/lost"
	ok "--replace of one that was there" runs 0 import google-authenticator "$home/good" --replace
else
	count=$((count + 1))
	echo "ok $count # SKIP files of other owners need root"
fi

# otpauth
cat >"$work/uris" <<URIS
otpauth://totp/Example%20Inc:proxy?secret=$base32&issuer=Example%20Inc
  otpauth://totp/mail%40example.org?secret=$base32&algorithm=SHA256&digits=8&period=60
otpauth://hotp/Example:irc?secret=$base32&counter=1
URIS
ok "import otpauth" runs 0 import otpauth "$work/uris"
ok "hotp is told" says err "uris:3: left out"
ok "tells no secret" tells_no_secret
ok "the label says who" has_app proxy pending
ok "percent-decoded" runs 0 user show mail@example.org --json
ok "with parameters" json 'v["digits"] == 8 and v["period"] == 60 and v["algorithm"] == "sha256"'
printf 'otpauth://totp/lp?issuer=x\nhttps://example.org/\notpauth://totp/?secret=%s\notpauth://totp/lp%%2?secret=%s\n' $base32 $base32 >"$work/bad.uris"
ok "what is no such URI is refused" runs 1 import otpauth "$work/bad.uris"
for line in 1 2 3 4; do
	ok "line $line" says err "bad.uris:$line: "
done

# A person is asked before names become virtual users.
echo "otpauth://totp/tiponame?secret=$base32" >"$work/typo"
ok "at a terminal a name the system does not know is asked about" talks 1 "virtual users of them? [y/N] " "n" -- import otpauth "$work/typo"
ok "no: nothing is imported" runs 1 user show tiponame
ok "yes" talks 0 "virtual users of them? [y/N] " "y" -- import otpauth "$work/typo"
ok "imports" has_app tiponame pending
ok "--yes asks nothing" talks 0 -- import otpauth "$work/typo" --yes
echo "1..$count"
