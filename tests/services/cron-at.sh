#!/bin/bash
# Debian's cron and atd under the mapping that is shipped: exempt. They authenticate nobody, and their
# conversation function is a null pointer.
# usage: cron-at.sh SOURCE BUILD
# shellcheck disable=SC2317 # functions are called by check
source=$1 build=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/services/world.sh
. "$here/world.sh"
world_enter "$here/cron-at.sh" "$source" "$build"
world_make alice bob carol
world_configure
daemon_start
trace=$(leave_trace)

# cron_starts USER...: cron does what their tables say for the start of the machine, at once.
cron_starts()
{
    local user
    rm -f /run/crond.reboot
    expect_trace
    for user in "$@"; do
        crontab -u "$user" - <<<"@reboot $trace"
    done
    cron -f >"$world/said" 2>&1 &
    cron=$!
}
cron_stops()
{
    kill "$cron"
    wait "$cron" 2>/dev/null
    rm -f /var/spool/cron/crontabs/*
}
# at_now USER: the job is due, and atd knows.
at_now()
{
    expect_trace
    as "$1" at now <<<"$trace" >"$world/said" 2>&1
}

# What is handed on without sfmfa.
cron_starts alice
soon is_in alice
handed_on >"$world/handed.cron"
cron_stops
atd -f >"$world/atd.log" 2>&1 &
soon test -s /run/atd.pid
at_now alice
soon is_in alice
handed_on >"$world/handed.at"
protect cron atd
sfmfa profile assign alice mfa >/dev/null
sfmfa profile assign bob integration >/dev/null
enrol alice
sfmfa user freeze carol >/dev/null

# ---- cron ----

check "cron can be had" test -s "$world/handed.cron"
cron_starts alice
check "cron: the job of somebody who owes a factor" soon is_in alice
check "the event says who was let through" last_event alice service=cron login_type=exempt verdict=allow
check "the job was handed nothing else" handed_as "$world/handed.cron"
check "and nothing of sfmfa's" sfmfa_variables ""
cron_stops
cron_starts carol
check "cron: somebody frozen is turned away" soon last_event carol service=cron login_type=exempt verdict=deny reason=frozen
cron_stops
check "and their job does not run" nothing_opened
cron_starts carol bob
check "cron: beside them, the job of a program's account" soon is_in bob
check "still they are turned away" soon last_event carol service=cron verdict=deny reason=frozen
cron_stops
check "and nothing of theirs runs" not is_in carol

# ---- at ----

check "atd can be had" test -s "$world/handed.at"
check "at: the job of somebody who owes a factor is taken" at_now alice
check "it runs" soon is_in alice
check "the event says who was let through" last_event alice service=atd login_type=exempt verdict=allow
check "the job was handed nothing else" handed_as "$world/handed.at"
check "and nothing of sfmfa's" sfmfa_variables ""
check "at: the job of somebody frozen is taken" at_now carol
check "they are turned away" soon last_event carol service=atd login_type=exempt verdict=deny reason=frozen
check "at: the next job, of a program's account" at_now bob
check "it runs" soon is_in bob
check "and nothing of theirs does" not is_in carol
sfmfa user unfreeze carol >/dev/null
check "at: no longer frozen" at_now carol
check "their next job runs" soon is_in carol
tap_end
