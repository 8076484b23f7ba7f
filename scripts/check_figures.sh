#!/usr/bin/env bash
# The README's pictures made anew from a short run, into a copy, and their list; and that pictures and
# runs which should not be taken are not: scripts/check_figures.sh [BUILD].
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { # MESSAGE
    echo "check_figures: FAILED: $1"
    exit 1
}
refuses() { # CODE WORDS ARGUMENT...: scripts/readme_figures.py with these exits so and says so
    local code=0
    scripts/readme_figures.py --build "$work/build" --out "$work/pictures" "${@:3}" \
        >"$work/log" 2>&1 || code=$?
    if [ "$code" -ne "$1" ] || ! grep -q -- "$2" "$work/log"; then
        cat "$work/log"
        fail "readme_figures.py ${*:3} exits with $code, and does not say '$2'"
    fi
}

scripts/readme_figures.py --check
cp -r results/pictures "$work/pictures"
"$build/mlabench" run -q --model deepseek-v2-lite --cached 64,128 --format fp32,bf16 --threads 1 \
    --kernel absorbed-blocked,absorbed --out "$work/run" >"$work/log" || {
    cat "$work/log"
    fail 'the short run'
}

# A study of some mutants is not taken, one of all is, and so are both runs; the rest stays.
mkdir -p "$work/build/mutants/plots"
echo a picture >"$work/build/mutants/plots/mutants.png"
PYTHONPATH=scripts python3 - "$build" "$work/build/mutants/matrix.json" <<'END'
import json
import sys
from provenance import origin
json.dump({"origin": origin(sys.argv[1], "make mutants", False)}, open(sys.argv[2], "w"))
END
scripts/readme_figures.py --build "$work/build" --run "$work/run" --out "$work/pictures" | tee "$work/log"
grep -q 'as it was: .*make mutants: .* of a part' "$work/log" || fail 'a sample of mutants is taken'
cmp -s "$work/pictures/trade.png" results/pictures/trade.png || fail 'trade.png is of no run that was given'
sed -i 's/"whole": false/"whole": true/' "$work/build/mutants/matrix.json"
scripts/readme_figures.py --build "$work/build" --run "$work/run" --serving "$work/run" \
    --out "$work/pictures" >"$work/log"
scripts/readme_figures.py --check --out "$work/pictures"
says=$("$build/mlabench" --version)
commit=${says##*(}
for picture in latency error stages roofline trade mutants; do
    row=$(grep "^| $picture.png | " "$work/pictures/README.md")
    [[ $row =~ \ \|\ [0-9]{4}-[0-9]{2}-[0-9]{2}\ \|\ ${commit%)} ]] || fail "the list says of $picture.png: $row"
    ! cmp -s "$work/pictures/$picture.png" "results/pictures/$picture.png" || fail "$picture.png is the old one"
done
grep -q '^| trade.png | `mlabench run --model deepseek-v2-lite --cached 64,128 ' "$work/pictures/README.md" ||
    fail 'the list does not name the command of trade.png'
grep "^| gate.png" results/pictures/README.md | cmp -s - <(grep "^| gate.png" "$work/pictures/README.md") ||
    fail 'the row of gate.png has changed, which has not'

# What is wrong is said, and then nothing is replaced.
cp -r "$work/pictures" "$work/before"
cp -r "$work/run" "$work/cut"
sed -i 's/"interrupted": *false/"interrupted": true/' "$work/cut/result.json"
refuses 2 'was not completed' --run "$work/run" --serving "$work/cut"
cp -r "$work/run" "$work/bare"
rm "$work/bare/plots/deepseek-v2-lite-trade.png"
refuses 2 'deepseek-v2-lite-trade.png is missing' --run "$work/run" --serving "$work/bare"
refuses 2 'is no folder of a run' --run "$work/none"
diff -r "$work/before" "$work/pictures" || fail 'pictures were replaced'
echo >>"$work/pictures/error.png"
refuses 1 'error.png is another one' --check
sed -i '/^| error.png/d' "$work/pictures/README.md"
refuses 1 'error.png is not in the list' --check
rm "$work/pictures/latency.png"
refuses 1 'latency.png is not there' --check
echo 'check_figures: pictures made anew, with where they are from; what is not whole is refused'
