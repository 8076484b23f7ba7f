#!/usr/bin/env bash
# Usage: scripts/gate.sh BUILD REVISION [OPTION]...
# Builds the kernels of a git revision beside those of the working tree, with the same compiler and
# flags (CC, CFLAGS, DEBUG of the environment), and lets `mlabench gate` compare them. Its exit
# code is the gate's.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$1 revision=${2:-}
shift 2 || {
    echo 'usage: scripts/gate.sh BUILD REVISION [OPTION]...' >&2
    exit 2
}
work=$(scripts/base.sh "$build" "$revision" 'make check')
"$build/mlabench" gate --base "$work/build/libmlakernels.so" --head "$build/libmlakernels.so" "$@"
