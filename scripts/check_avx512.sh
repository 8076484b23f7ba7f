#!/usr/bin/env bash
# Runs what needs AVX-512 F, BW, DQ and VL where it can be run, and says where that was:
#     [EMULATE=1] scripts/check_avx512.sh [PROGRAM [ARGUMENT]...]
# by default the verification of all kernels that need them; any other program has to be static. On
# this CPU if it has them; otherwise, and with EMULATE=1 in any case, in tests/emulator. Exits as the
# program does, with 77 where neither can be.
set -euo pipefail
cd "$(dirname "$0")/.."

model=tigerlake
within=240 # seconds, in the emulator
build=build/standalone/avx512

[ "$(uname -m)" = x86_64 ] || {
    echo "AVX-512: not run: this machine builds for $(uname -m)"
    exit 77
}
if [ $# -eq 0 ]; then
    make LDFLAGS=-static BUILD="$build" standalone
    set -- "$build/verify" '*-avx512'
fi

native() {
    local feature
    for feature in avx512f avx512bw avx512dq avx512vl; do
        grep -qw "$feature" /proc/cpuinfo || return
    done
}

if [ "${EMULATE:-0}" != 1 ] && native; then
    OMP_NUM_THREADS=1 "$@"
    echo "AVX-512: proven natively"
else
    tests/emulator/run.sh --cpu "$model" --timeout "$within" "$@"
    echo "AVX-512: proven in the emulator (bochs, $model)"
fi
