#!/usr/bin/env bash
# Runs a static x86-64 Linux program on an emulated CPU:
#     tests/emulator/run.sh [--cpu MODEL] [--memory MIB] [--timeout SECONDS] PROGRAM [ARGUMENT]...
# Its output comes out as it is written, its exit status is this script's; 128 + a signal's number
# where it crashed, 124 where it took too long, 125 where the emulator is at fault, 77 where there
# is no emulator.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build/emulator
bochs=${BOCHS:-bochs}

usage() {
    sed -n '3s/^# */usage: /p' "$0" >&2
    exit 125
}
fail() { # STATUS WORD...
    echo "run.sh: ${*:2}" >&2
    exit "$1"
}

export EMULATED_CPU=tigerlake EMULATED_MEMORY=512
limit=300
while [ $# -gt 0 ]; do
    case $1 in
    --cpu) EMULATED_CPU=${2:?--cpu: no model given} ;;
    --memory) EMULATED_MEMORY=${2:?--memory: no MiB given} ;;
    --timeout) limit=${2:?--timeout: no seconds given} ;;
    -*) usage ;;
    *) break ;;
    esac
    shift 2
done
[ $# -gt 0 ] || usage
program=$1
[ -f "$program" ] || fail 125 "$program: no such file"
command -v "$bochs" >/dev/null || {
    echo "not run: bochs is not installed (make setup-dev)"
    exit 77
}
MAKEFLAGS='' make -s -C "$here" BUILD="$build" rom

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT

# Appends zeros up to a multiple of BYTES.
fill() { # FILE BYTES
    truncate -s "%$2" "$1"
}
# What kernel/program.h describes. bochs wants whole cylinders.
disk=$work/disk.img
arguments=("${program##*/}" "${@:2}")
never=1000000000000 # bytes; string instructions are slow, see README.md
variables=(OMP_NUM_THREADS=1
    "GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=$never:glibc.cpu.x86_rep_stosb_threshold=$never")
printf '%s\0' "${arguments[@]}" "${variables[@]}" >"$work/strings"
printf 'mlabench-emulator %d %d %d\n' "${#arguments[@]}" "${#variables[@]}" \
    "$(stat -c %s "$work/strings")" >"$disk"
fill "$disk" 512
cat "$work/strings" >>"$disk"
fill "$disk" 512
cat "$program" >>"$disk"
fill "$disk" $((16 * 63 * 512))
cp "$build/rom.bin" "$work"

# bochs was built with its debugger, which waits for this.
echo continue >"$work/commands"

# What bochs itself prints comes before the first mark and after the last. SIGTERM does not end it.
begin='^mlabench-emulator: begin$'
end='^mlabench-emulator: exit status \([0-9]*\)$'
code=0
(cd "$work" && TERM=dumb exec timeout --foreground -s KILL -k 1 "$limit" "$bochs" -q \
    -f "$here/bochsrc" -rc commands </dev/null 2>errors) | tee "$work/output" |
    sed -u -e "1,/$begin/d" -e "/$end/,\$d" || code=${PIPESTATUS[0]}

status=$(sed -n "s/$end/\1/p" "$work/output" | tail -n 1)
if [ -n "$status" ]; then
    exit "$status"
elif [ "$code" -eq 137 ]; then
    fail 124 "$program: stopped after $limit s"
fi
tail -n 5 "$work/errors" "$work/bochs.log" >&2 || :
fail 125 "$program: bochs ended without an exit status"
