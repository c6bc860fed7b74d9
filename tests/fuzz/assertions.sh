#!/bin/bash
# usage: assertions.sh   Makes tests/fuzz/signed and the seeds of tests/fuzz/corpus/assertion anew, with openssl. The private
# keys are thrown away, so that nobody, and no fuzzer, makes another assertion that the registered keys say yes to.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
signed=$here/signed seeds=$here/corpus/assertion
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
mkdir -p "$signed" "$seeds"
rm -f "$signed"/* "$seeds"/*
for key in es thief; do openssl ecparam -name prime256v1 -genkey -noout -out "$keys/$key" 2>/dev/null; done
openssl genrsa -out "$keys/rs" 2048 2>/dev/null
for key in es rs; do openssl pkey -in "$keys/$key" -pubout -out "$signed/$key.pem"; done

b64() { openssl base64 -A | tr +/ -_ | tr -d =; }
# signature of the text on standard input, base64url
es() { openssl dgst -sha256 -sign "$1" -binary | openssl asn1parse -inform DER |
    perl -ne 'printf "%064s", $1 if /INTEGER *:([0-9A-F]+)/' | perl -pe '$_ = pack "H*", $_' | b64; }
rs() { openssl dgst -sha256 -sign "$1" -binary | b64; }
hs() { openssl dgst -sha256 -mac HMAC -macopt hexkey:"$(od -An -v -tx1 "$1" | tr -d ' \n')" -binary | b64; }
# sign HOW KEY HEADER CLAIMS
sign()
{
    local text
    text=$(printf %s "$3" | b64).$(printf %s "$4" | b64)
    printf '%s.%s' "$text" "$(printf %s "$text" | "$1" "$2")"
}
# seed NAME SCENE TEXT: two bytes choose who, which flow, when and what else holds (assertion.c)
seed() { printf "$2%s" "$3" >"$seeds/$1"; }
# good NAME SCENE TEXT: one that may be accepted
good() { printf %s "$3" >"$signed/$1.jwt" && seed "$@"; }

jwt='\000\377' app='\033\377'
claims() { printf '{"iss":"%s","sub":"%s","aud":"h","exp":1800000060%s}' "$1" "$2" "${3-}"; }
good rs256 "$jwt" "$(sign rs "$keys/rs" '{"alg":"RS256"}' "$(claims rs alice ',"jti":"1"')")"
good es256 "$jwt" "$(sign es "$keys/es" '{"alg":"ES256","typ":"JWT","kid":"k"}' "$(claims es alice ',"jti":"1"')")"
good es256-app "$app" "$(sign es "$keys/es" '{"alg":"ES256"}' "$(claims es es ',"iat":1800000000,"nbf":1800000000')")"
good es256-bob '\001\377' "$(sign es "$keys/es" '{"alg":"ES256"}' \
    '{"scope":{"deep":[1,2.5,null]},"iss":"es","sub":"bob","aud":["x","h"],"exp":1800000180}')"

seed signed-by-thief "$jwt" "$(sign es "$keys/thief" '{"alg":"ES256"}' "$(claims es alice)")"
seed none "$jwt" "$(sign es "$keys/es" '{"alg":"none"}' "$(claims es alice)")"
seed none-without-signature "$jwt" "$(printf '{"alg":"none"}' | b64).$(claims es alice | b64)."
for key in es rs; do
    seed hmac-with-public-key-$key "$jwt" "$(sign hs "$signed/$key.pem" '{"alg":"HS256"}' "$(claims $key alice)")"
    seed hmac-named-as-the-key-$key "$jwt" "$(sign hs "$signed/$key.pem" "{\"alg\":\"${key^^}256\"}" "$(claims $key alice)")"
done
seed algorithm-of-other-key "$jwt" "$(sign es "$keys/es" '{"alg":"RS256"}' "$(claims es alice)")"
seed algorithm-of-other-key-rsa "$jwt" "$(sign rs "$keys/rs" '{"alg":"ES256"}' "$(claims rs alice)")"
seed issuer-of-other-app "$jwt" "$(sign rs "$keys/rs" '{"alg":"RS256"}' "$(claims es alice)")"
point=$(openssl pkey -in "$keys/thief" -pubout -outform DER | tail -c 64 | od -An -v -tx1 | tr -d ' \n')
half() { printf %s "${point:$1:64}" | perl -pe '$_ = pack "H*", $_' | b64; }
seed embedded-jwk "$jwt" "$(sign es "$keys/thief" \
    "{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"$(half 0)\",\"y\":\"$(half 64)\"}}" "$(claims es alice)")"
seed jku "$jwt" "$(sign es "$keys/es" '{"alg":"ES256","jku":"https://h/k"}' "$(claims es alice)")"
seed crit "$jwt" "$(sign es "$keys/es" '{"alg":"ES256","crit":["exp"],"exp":1}' "$(claims es alice)")"
seed duplicate-sub "$jwt" "$(sign es "$keys/es" '{"alg":"ES256"}' "$(claims es bob ',"sub":"alice"')")"
seed duplicate-escaped "$jwt" "$(sign es "$keys/es" '{"alg":"ES256"}' "$(claims es bob ',"\u0073ub":"alice"')")"
seed duplicate-alg "$jwt" "$(sign es "$keys/es" '{"alg":"none","alg":"ES256"}' "$(claims es alice)")"
seed fraction "$jwt" "$(sign es "$keys/es" '{"alg":"ES256"}' '{"iss":"es","sub":"alice","aud":"h","exp":1800000060.5}')"
seed no-end "$jwt" "$(sign es "$keys/es" '{"alg":"ES256"}' '{"iss":"es","sub":"alice","aud":"h"}')"
seed too-long "$jwt" "$(sign es "$keys/es" '{"alg":"ES256"}' '{"iss":"es","sub":"alice","aud":"h","exp":1800000300}')"
seed other-audience "$jwt" "$(sign es "$keys/es" '{"alg":"ES256"}' '{"iss":"es","sub":"alice","aud":"hh","exp":1800000060}')"
seed nul-in-subject "$jwt" "$(sign es "$keys/es" '{"alg":"ES256"}' "$(claims es 'alice\u0000x')")"
seed nested "$jwt" "$(sign es "$keys/es" '{"alg":"ES256","cty":"JWT"}' "$(cat "$signed/es256-app.jwt")")"
deep=$(printf '[%.0s' $(seq 60))$(printf ']%.0s' $(seq 60))
seed deep "$jwt" "$(sign es "$keys/es" '{"alg":"ES256"}' "{\"a\":$deep,\"iss\":\"es\"}")"
seed oversized "$jwt" "$(sign es "$keys/es" '{"alg":"ES256"}' "$(claims es alice ",\"x\":\"$(printf 'x%.0s' $(seq 400))\"")")"
seed zero-signature "$jwt" "$(cut -d. -f1,2 "$signed/es256.jwt").$(printf 'A%.0s' $(seq 86))"
seed short-signature "$jwt" "$(cut -d. -f1,2 "$signed/es256.jwt").AAAA"
seed der-signature "$jwt" "$(cut -d. -f1,2 "$signed/es256.jwt").$(cut -d. -f1,2 "$signed/es256.jwt" | tr -d '\n' |
    openssl dgst -sha256 -sign "$keys/es" -binary | b64)"
# 64 bytes are 86 digits, of which the last has four bits that mean nothing.
es256=$(cat "$signed/es256.jwt")
seed bits-left-over "$jwt" "${es256%?}$(printf %s "${es256: -1}" | tr AQgw BRhx)"
seed padding "$jwt" "$es256=="
seed newline "$jwt" "$es256"$'\n'
seed standard-alphabet "$jwt" "$(tr _- /+ <"$signed/rs256.jwt")"
seed four-parts "$jwt" "$es256.AAAA"
seed expired '\300\377' "$es256"
seed not-yet '\200\377' "$(cat "$signed/es256-app.jwt")"
seed for-bob '\001\377' "$es256"
seed user-called-as-the-app '\103\377' "$(cat "$signed/es256-app.jwt")"
seed other-service '\000\376' "$es256"
seed not-permitted '\000\373' "$es256"
