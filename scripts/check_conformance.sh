#!/usr/bin/env bash
# Holds the reference to two implementations in numpy: scripts/check_conformance.sh [BUILD]. The
# committed sets, sets of every MLA model as BUILD/mlabench writes them, and one with all of a layer's
# dimensions; then sets with a fault in them, which both must notice.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$build/mlabench" dump -q --model all --out "$work/cut"
"$build/mlabench" dump -q --model deepseek-v2-lite --full --out "$work/full"
scripts/conformance.py results/conformance/*/
scripts/oracle.py results/conformance/*/ "$work"/{cut,full}/*

# Vectors of other hidden states and weights; another theta; attention scaled as the latent is wide.
"$build/mlabench" dump -q --model tiny --seed 2 --out "$work/seed-2"
plant() { # NAME
    cp -r "$work/cut/tiny" "$work/$1"
}
plant other-vectors
cp "$work/seed-2/tiny/vectors.safetensors" "$work/other-vectors"
plant other-theta
sed -i 's/"rope_theta": .*[0-9]/"rope_theta": 10001/' "$work/other-theta/config.json"
plant other-scale
sed -i 's/"softmax_scale": [0-9.e-]*/"softmax_scale": 0.1/' "$work/other-scale/manifest.json"
notices() { # SCRIPT FAULT
    local code=0
    "scripts/$1" "$work/$2" >"$work/output" || code=$?
    if [ "$code" -ne 1 ] || ! grep -q WRONG "$work/output"; then
        echo "check_conformance: $1 exits with $code over $2"
        exit 1
    fi
    echo "$1 notices $2"
}
cmp -s "$work/cut/tiny/config.json" "$work/other-theta/config.json" && exit 1
notices conformance.py other-vectors
notices conformance.py other-scale
notices oracle.py other-vectors
notices oracle.py other-scale
notices oracle.py other-theta
