#!/usr/bin/env bash
# Runs fuzz targets one after the other: run.sh FOLDER SECONDS TARGET... FOLDER is that of their
# build. Each begins with a copy of its committed corpus, in FOLDER/corpus. What it finds is kept in
# FOLDER/found; exits with 1 if that is anything.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

build=$1 seconds=$2
shift 2
# Megabytes in all and at once, seconds and bytes of one input. Readers need a few MB and ms.
limits=(-rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=10 -max_len=16384)

# In memory where that is possible: a report is some thirty files.
work=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work OMP_NUM_THREADS=1

failed=0
for target in "$@"; do
    program=$build/tests/fuzz/$target source=tests/fuzz/corpus/$target
    corpus=$build/corpus/$target found=$build/found/$target
    options=("${limits[@]}" -max_total_time="$seconds" -artifact_prefix="$found/")
    [ ! -f "tests/fuzz/$target.dict" ] || options+=("-dict=tests/fuzz/$target.dict")
    [ -d "$source" ] || { echo "fuzz: $target: no seeds in $source" >&2; exit 2; }
    rm -rf "$corpus"
    mkdir -p "$corpus" "$found"
    cp "$source"/* "$corpus"
    started=$SECONDS
    if "$program" "${options[@]}" -print_final_stats=1 "$corpus" >"$work/log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
        echo "fuzz: $target: nothing found in $runs runs ($((SECONDS - started)) s)"
        continue
    fi
    failed=1
    grep -v -e '^#' -e '^INFO: ' -e '^stat::' "$work/log" | tail -n 60
    kept=$(sed -n 's/.*Test unit written to //p' "$work/log" | tail -n 1)
    echo "fuzz: $target: FAILED${kept:+, the input is kept. Again:}"
    [ -z "$kept" ] || echo "    $program ${limits[*]} $kept"
done
exit "$failed"
