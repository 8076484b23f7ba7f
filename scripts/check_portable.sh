#!/usr/bin/env bash
# Verifies the kernels on machines that are not this one, emulated: scripts/check_portable.sh [BUILD].
# Exits with 1 if something is wrong, 77 if nothing is but a part could not be run, else 0.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${1:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 not_run=0

part() { # NAME REASON COMMAND...: REASON is why it cannot be run, or nothing
    local name=$1 reason=$2 start=$SECONDS
    shift 2
    if [ -n "$reason" ]; then
        echo "portable: $name: not run: $reason"
        not_run=1
    elif "$@" >"$work/output" 2>&1; then
        grep '^standalone:' "$work/output"
        echo "portable: $name: passed ($((SECONDS - start)) s)"
    else
        cat "$work/output"
        echo "portable: $name: FAILED"
        failed=1
    fi
}

absent() { # TOOL...
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || {
            echo "$tool is not installed (make setup-dev)"
            return
        }
    done
}

# Of the year 2008: SSE4.2, no AVX, no FMA.
old_cpu=(qemu-x86_64 -cpu Nehalem)

# An instruction of AVX has to end a program there, or nothing would be proved.
stops_at_avx() {
    local code=0
    echo 'int main(void) { __asm__ volatile("vzeroupper"); return 0; }' |
        "${CC:-cc}" -x c -o "$work/avx" - || return 1
    "${old_cpu[@]}" "$work/avx" || code=$?
    [ "$code" -eq $((128 + 4)) ] || {
        echo "an instruction of AVX ends with $code instead of SIGILL"
        return 1
    }
}

without_avx() {
    make BUILD="$build" all standalone && stops_at_avx &&
        "${old_cpu[@]}" "$build/mlabench" list >"$work/list" &&
        grep -q 'avx2 .*(not on this CPU)$' "$work/list" &&
        "${old_cpu[@]}" "$build/verify" | tee "$work/verify" &&
        grep -q '^not run .*-avx2: this CPU lacks avx2$' "$work/verify"
}

without_avx_reason() {
    if [ "$(uname -m)" != x86_64 ]; then
        echo "this machine builds for $(uname -m)"
    else
        absent qemu-x86_64
    fi
}

arm=(make CC=aarch64-linux-gnu-gcc LDFLAGS=-static BUILD=build/standalone/aarch64)

on_aarch64() {
    "${arm[@]}" standalone && qemu-aarch64 build/standalone/aarch64/verify
}

on_aarch64_reason() {
    absent aarch64-linux-gnu-gcc qemu-aarch64 | grep . ||
        echo 'int main(void) { return 0; }' |
        aarch64-linux-gnu-gcc -static -fopenmp -x c -o "$work/empty" - 2>/dev/null ||
        echo 'aarch64-linux-gnu-gcc finds no static C library with OpenMP (make setup-dev)'
}

part 'x86-64 without AVX' "$(without_avx_reason)" without_avx
part 'aarch64' "$(on_aarch64_reason)" on_aarch64
[ "$failed" -eq 0 ] || exit 1
[ "$not_run" -eq 0 ] || exit 77
