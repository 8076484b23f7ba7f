#!/usr/bin/env bash
# Runs what needs AVX-512 F, BW, DQ and VL where it can be run, and says where that was:
#     [EMULATE=1] scripts/check_avx512.sh [PROGRAM [ARGUMENT]...]
# by default the verification of all kernels that need them (one that needs VNNI as well is named as
# not run by a CPU without that); any other program has to be static. On
# this CPU if it has them; otherwise, and with EMULATE=1 in any case, in tests/emulator. Exits as
# the program does, with 77 where neither can be. What that verification proved stands in
# proofs.json beside mlabench, for its runs to report; until then, or if it failed, there is none.
set -euo pipefail
cd "$(dirname "$0")/.."

model=tigerlake
within=480 # seconds, in the emulator
build=build/standalone/avx512
proofs= # where what is proved is written, if it is

[ "$(uname -m)" = x86_64 ] || {
    echo "AVX-512: not run: this machine builds for $(uname -m)"
    exit 77
}
if [ $# -eq 0 ]; then
    proofs=build/proofs.json
    rm -f "$proofs"
    read -r commit dirty < <(scripts/commit.sh)
    make --no-print-directory LDFLAGS=-static BUILD="$build" standalone
    set -- "$build/verify" '*-avx512*'
fi

native() {
    local feature
    for feature in avx512f avx512bw avx512dq avx512vl; do
        grep -qw "$feature" /proc/cpuinfo || return
    done
}

# Runs a command and keeps what its verifier's `pass KERNEL: N verified` lines say.
prove() { # WHERE COMMAND...
    local where=$1
    shift
    if [ -z "$proofs" ]; then
        "$@"
        return
    fi
    "$@" | tee "$build/proved"
    {
        printf '{"commit": "%s", "dirty": %s, "kernels": {' "$commit" "$dirty"
        sed -n 's/^pass \([a-z0-9-]*\): \([0-9]*\) verified.*/\1 \2/p' "$build/proved" |
            awk -v where="$where" '{
                printf "%s\n  \"%s\": {\"where\": \"%s\", \"cases\": %d}",
                    (NR > 1 ? "," : ""), $1, where, $2
            }'
        printf '\n}}\n'
    } >"$proofs.part"
    mv "$proofs.part" "$proofs"
}

if [ "${EMULATE:-0}" != 1 ] && native; then
    prove natively env OMP_NUM_THREADS=1 "$@"
    echo "AVX-512: proven natively"
else
    prove "emulated (bochs, $model)" \
        tests/emulator/run.sh --cpu "$model" --timeout "$within" "$@"
    echo "AVX-512: proven in the emulator (bochs, $model)"
fi
