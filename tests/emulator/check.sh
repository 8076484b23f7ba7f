#!/usr/bin/env bash
# Tests of the emulator itself, with the programs beside it: tests/emulator/check.sh. Exits 1 if any
# fails, 77 where there is no emulator.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build/emulator
programs=$build/programs

[ "$(uname -m)" = x86_64 ] || {
    echo "emulator: not run: this machine builds for $(uname -m)"
    exit 77
}
command -v "${BOCHS:-bochs}" >/dev/null || {
    echo "emulator: not run: bochs is not installed (make setup-dev)"
    exit 77
}
MAKEFLAGS='' make -s -C "$here" BUILD="$build" rom programs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

emulate() { # OPTION-OR-PROGRAM...
    status=0
    "$here/run.sh" --timeout 60 "$@" >"$work/output" 2>"$work/errors" </dev/null || status=$?
}
judge() { # NAME COMMAND...: passed where COMMAND succeeds
    if "${@:2}"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "emulator: $1: FAILED: status $status, and"
        tail -n 20 "$work/output" "$work/errors"
    fi
}
is_status() { # STATUS
    [ "$status" -eq "$1" ]
}
is_status_and_says() { # STATUS PATTERN
    is_status "$1" && grep -q "$2" "$work/output" "$work/errors"
}
says_not() { # PATTERN
    ! grep -q "$1" "$work/output"
}
# The emulator completes the last line.
is_native() {
    [ -z "$(tail -c 1 "$work/native")" ] || echo >>"$work/native"
    [ "$status" -eq "$native" ] && cmp "$work/native" "$work/output"
}

ends() { # STATUS PATTERN OPTION-OR-PROGRAM...
    emulate "${@:3}"
    judge "${*:3}" is_status_and_says "$1" "$2"
}
# What came before the crash is seen, what would come after it is not done.
crashes() { # STATUS PATTERN WAY
    emulate "$programs/endings" "$3"
    judge "$3" is_status_and_says "$1" "$2"
    judge "$3, what it said before" grep -qx before "$work/output"
    judge "$3, where it stopped" says_not after
}
as_native() { # PROGRAM ARGUMENT...
    native=0
    OMP_NUM_THREADS=1 "$@" >"$work/native" 2>&1 </dev/null || native=$?
    emulate "$@"
    judge "$*, as without the emulator" is_native
}

ends 0 'evex: scalef: passed' "$programs/evex"
ends 0 'evex: scalef: passed' --cpu corei7_icelake_u "$programs/evex"
ends 132 '#UD' --cpu corei7_haswell_4770 "$programs/evex"
ends 0 'calls: 0 failed' "$programs/calls"
ends 139 'signals: 0 failed' "$programs/signals"
as_native "$programs/lines"
as_native "$programs/arguments" one ''
as_native "$programs/arguments" 'two words' "\$HOME" '"' 4

crashes 132 '#UD.*62 f5 74 48 58 c0' illegal
crashes 139 'reading .*, protected' read-guard
crashes 139 'writing .*, protected' write-guard
crashes 139 'writing .*, protected' write-read-only
crashes 139 'reading .*, not mapped' read-freed
crashes 139 'reading .*, not mapped' read-beyond
crashes 139 'executing .*, protected' execute-data
crashes 139 'reading 0x0, not mapped' read-null
crashes 139 'reading 0xffffffff80100000' read-kernel
crashes 139 '#GP' privileged
crashes 136 '#DE' divide
crashes 136 '#XM' divide-floats
crashes 134 'signal 6' abort

ends 124 'stopped after 2 s' --timeout 2 "$programs/endings" forever
ends 125 'out of memory' --memory 64 "$programs/calls"
ends 125 'not static' "$(command -v env)"
ends 125 'not an ELF executable' "$here/README.md"
ends 125 'no such file' "$programs/none"
ends 125 'cpu directive malformed' --cpu no_such_cpu "$programs/lines"
BOCHS=$work/none ends 77 'not run: bochs is not installed' "$programs/lines"

echo "emulator: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
