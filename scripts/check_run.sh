#!/usr/bin/env bash
# Checks what a run left in a folder: scripts/check_run.sh DIR. The result fits the schema, Google
# Benchmark's compare.py reads it, and every plot is there in its three formats.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$1
result=$folder/result.json
# Debian's modules are for Debian's python3, whichever one comes first in PATH.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

"$python" scripts/check_schema.py results/schema.json "$result"
"$python" - "$result" <<'PYTHON'
import json, sys
result = json.load(open(sys.argv[1]))
ours, entries = result["context"]["mlabench"], result["benchmarks"]
assert ours["complete"] and not ours["interrupted"], "the run is not complete"
assert entries, "nothing was timed"
assert not ours["failed"], f"failed: {ours['failed']}"
kernels = sorted({e["kernel"] for e in entries})
print(f"{len(entries)} timings of {len({e['name'] for e in entries})} cases, {len(kernels)} kernels:",
      ", ".join(kernels))
PYTHON

compare=
for candidate in /usr/share/benchmark/compare.py /usr/share/google-benchmark/tools/compare.py; do
    [ ! -f "$candidate" ] || compare=$candidate
done
if [ -z "$compare" ]; then
    echo "check_run: compare.py: not run: it is not installed (make setup-dev)"
    exit 1
fi
"$python" "$compare" --no-color benchmarks "$result" "$result" >"$folder/compare.txt"
tail -n 3 "$folder/compare.txt"
grep -q OVERALL_GEOMEAN "$folder/compare.txt"

ls "$folder"/plots/*-roofline.svg >/dev/null || {
    echo "check_run: no roofline"
    exit 1
}
plots=0
for svg in "$folder"/plots/*.svg; do
    for file in "$svg" "${svg%.svg}.pdf" "${svg%.svg}.png"; do
        [ -s "$file" ] || {
            echo "check_run: no plot $file"
            exit 1
        }
    done
    plots=$((plots + 1))
done
for file in report.md report.html; do
    [ -s "$folder/$file" ] || {
        echo "check_run: no $folder/$file"
        exit 1
    }
done
echo "check_run: $result fits the schema, compare.py reads it, $plots plots in three formats"
