#!/usr/bin/env bash
# usage: run.sh FUZZER SEEDS [SECONDS]   Runs a fuzzer from its seeds; what it finds is kept beside it. Speaks TAP.
# SFMFA_LONG=1: a minute; else it is skipped, the seeds being replayed in every run.
set -u
fuzzer=$1 seeds=$2 seconds=${3-}
if [ -z "$seconds" ]; then
    if [ -z "${SFMFA_LONG-}" ]; then
        echo "1..0 # SKIP fuzzing takes a minute a target: scripts/test --long"
        exit 0
    fi
    seconds=60
fi
echo 1..1
grown=$(mktemp -d) || exit 1
trap 'rm -rf "$grown"' EXIT
options=(-max_total_time="$seconds" -max_len=6000 -timeout=10 -rss_limit_mb=3000 -print_final_stats=1)
options+=(-artifact_prefix="$fuzzer-" -verbosity=1)
if "$fuzzer" "${options[@]}" "$grown" "$seeds" >"$fuzzer.log" 2>&1; then
    sed -n 's/^\(#[0-9]*\tDONE .*\|stat::number_of_executed_units.*\|stat::average_exec_per_sec.*\)$/# \1/p' "$fuzzer.log"
    echo "ok 1 - $(basename "$fuzzer"): nothing found in $seconds s"
else
    tail -40 "$fuzzer.log" | sed 's/^/# /'
    echo "not ok 1 - $(basename "$fuzzer"): the input is in $fuzzer-*"
    exit 1
fi
