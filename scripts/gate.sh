#!/usr/bin/env bash
# Usage: scripts/gate.sh BUILD REVISION [OPTION]...
# Builds the kernels of a git revision beside those of the working tree, with the same compiler and
# flags (CC, CFLAGS, DEBUG of the environment), lets `mlabench gate` compare them, and compares the
# instructions that they take, of the kernels that --kernel and --isa choose. Exits as the gate does,
# or with 3 where a kernel takes more instructions; what could not be counted is said, no more.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$1 revision=${2:-}
shift 2 || {
    echo 'usage: scripts/gate.sh BUILD REVISION [OPTION]...' >&2
    exit 2
}
work=$(scripts/base.sh "$build" "$revision" 'make check')
code=0
"$build/mlabench" gate --base "$work/build/libmlakernels.so" --head "$build/libmlakernels.so" "$@" ||
    code=$?
case $code in
0 | 1 | 3) ;;
*) exit "$code" ;;
esac

kernels='*' isas=() to=1
while [ $# -gt 0 ]; do
    case $1 in
    --kernel) kernels=${2:-} ;;
    --kernel=*) kernels=${1#*=} ;;
    --isa) limit=${2:-} ;;
    --isa=*) limit=${1#*=} ;;
    --json) to=2 ;; # what goes to stdout is the gate's JSON
    --help) exit "$code" ;;
    esac
    shift
done
for isa in scalar avx2 avx512; do
    isas+=(--isa "$isa")
    [ "$isa" != "${limit:-}" ] || break
done
if ! command -v python3 >/dev/null; then
    echo 'instructions: not run: python3 is not installed (make setup-dev)' >&"$to"
    exit "$code"
fi
counted=0
scripts/instructions.py --build="$build" --base="$revision" --kernel="$kernels" "${isas[@]}" \
    >&"$to" || counted=$?
# Broken kernels weigh more.
[ "$counted" -ne 3 ] || [ "$code" -eq 1 ] || code=3
[ "$counted" -ne 2 ] || exit 2
exit "$code"
