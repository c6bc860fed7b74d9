#!/bin/sh
# Plants faults in a copy and expects the checks to find each of them. Speaks TAP.
# usage: planted-faults.sh CHECK-LAYERS CHECK-EXPORTS SOURCE-FOLDER PAM-MODULE
layers=$1 exports=$2 source=$3 module=$4
copy=$(mktemp -d) || exit 1
trap 'rm -rf "$copy"' EXIT
number=0
status=0

report()
{
    number=$((number + 1))
    if [ "$1" -eq 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; status=1; fi
}

# planted FILE LINE WHAT: the layer check must fail and name the file.
planted()
{
    rm -rf "$copy/tree"
    mkdir "$copy/tree"
    cp -r "$source/lib" "$source/daemon" "$source/pam_module" "$source/cli" "$copy/tree/"
    printf '%s\n' "$2" >> "$copy/tree/$1"
    if python3 "$layers" "$copy/tree" > "$copy/out"; then
        report 1 "$3"
    else
        grep -q "^# $1:" "$copy/out"
        report $? "$3"
    fi
}

planted lib/policy/login.c '#include <time.h>' 'policy with a clock is found'
planted lib/policy/login.c '#include "store/store.h"' 'policy with a store is found'
planted pam_module/pam_sfmfa.c '#include "auth/login.h"' 'a module that decides is found'
planted pam_module/pam_sfmfa.c '#include <openssl/evp.h>' 'a module with OpenSSL is found'
planted lib/factor/token.c '#include <liboath/oath.h>' 'liboath outside totp.c is found'
planted lib/store/store.c '#include <sqlite3.h>' 'SQLite outside sqlite.c is found'
planted lib/auth/login.c '#include <syslog.h>' 'a library that logs is found'
planted cli/main.c '#include "auth/env.h"' 'a CLI that reaches around the daemon is found'

# A module with one name too many and one library too many.
cat > "$copy/extra.c" <<'CODE'
__attribute__((visibility("default"))) int pam_sm_extra(void) { return 0; }
__attribute__((visibility("default"))) int pam_sm_authenticate(void) { return 0; }
CODE
cc -shared -fPIC -o "$copy/extra.so" "$copy/extra.c" -Wl,--no-as-needed -lcrypto
sh "$exports" "$copy/extra.so" > "$copy/out" && bad=1 || bad=0
report "$bad" 'a module with other exports is found'
grep -q '^not ok 2 ' "$copy/out"
report $? 'a module that needs another library is found'

cat > "$copy/global.c" <<'CODE'
int counter;
CODE
mkdir -p "$copy/room"
cc -c -o "$copy/room/global.o" "$copy/global.c" && ar rcs "$copy/room/libroom.a" "$copy/room/global.o"
sh "$exports" "$module" "$copy/room/libroom.a" > "$copy/out" && bad=1 || bad=0
report "$bad" 'a library with a writable global is found'
echo "1..$number"
exit $status
