#!/usr/bin/env bash
# Runs each target once over its committed corpus: seeds.sh FOLDER TARGET... FOLDER has the programs
# TARGET-seeds. Silent about what is well but for a line.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

programs=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work OMP_NUM_THREADS=1

failed=0 count=0
for target in "$@"; do
    files=("tests/fuzz/corpus/$target"/*)
    count=$((count + ${#files[@]}))
    "$programs/$target-seeds" "${files[@]}" >"$work/log" 2>&1 && continue
    failed=1
    cat "$work/log"
    echo "fuzz-seeds: $target: FAILED at $(grep '^tests/fuzz/corpus/' "$work/log" | tail -n 1)"
done
[ "$failed" -ne 0 ] || echo "fuzz-seeds: $count files, nothing found"
exit "$failed"
