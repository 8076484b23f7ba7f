#!/usr/bin/env bash
# Everything that reads the sources without running them: scripts/lint.sh [COMPILER_FLAG]...
# Exits non-zero if anything was found, or a tool is missing.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

jobs=$(nproc)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Files that git has or would take, so that a stray build folder is not read; of a release tarball,
# those that it came with.
if [ -f .commit ]; then
    tail -n +2 .commit | sed 's/^[0-9a-f]*  //'
else
    git ls-files -co --exclude-standard
fi >"$work/files"
listed() { grep -E -- "$1" "$work/files" | while read -r f; do [ -f "$f" ] && echo "$f"; done; }
mapfile -t c_files < <(listed '\.(c|h|def)$')
mapfile -t simd < <(listed '^kernels/simd/.*\.c$')
mapfile -t plain < <(listed '\.c$' | grep -v '^kernels/simd/')
mapfile -t shell < <(listed '\.sh$|^\.ci/run$')
[ "${#c_files[@]}" -gt 0 ] || {
    echo 'lint: there are no sources: needs a git checkout or a release tarball'
    exit 1
}

# The example includes the header as installed.
mkdir -p "$work/include/mlabench"
cp kernels/kernel.h "$work/include/mlabench/"
flags=(-std=gnu11 -fopenmp -I. "-I$work/include" "$@"
    -DBUILD_VERSION='""' -DBUILD_COMMIT='""' -DBUILD_DIRTY=false -DBUILD_FLAGS='""')
declare -A isa_flags=([scalar]='' [avx2]='-mavx2 -mfma -mf16c'
    [avx512]='-mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mf16c')

failed=0
check() { # NAME COMMAND...: COMMAND is quiet when all is well
    local name=$1 start=$SECONDS
    shift
    if ! command -v "${name%% *}" >/dev/null; then
        echo "lint: $name: not run: ${name%% *} is not installed (make setup-dev)"
        failed=1
    elif "$@" >"$work/output" 2>&1; then
        echo "lint: $name: passed ($((SECONDS - start)) s)"
    else
        cat "$work/output"
        echo "lint: $name: FAILED"
        failed=1
    fi
}

# One process per file; of each, what it printed is kept together and shown if it failed.
# shellcheck disable=SC2317 # called by xargs
tidy_one() {
    local output
    output=$(clang-tidy --quiet "$1" -- "${@:2}" 2>&1) || printf '%s\n' "$output"
}
export -f tidy_one
# shellcheck disable=SC2317 # called by check
tidy() { # FILES... -- FLAGS...
    local files=()
    while [ "$1" != -- ]; do
        files+=("$1")
        shift
    done
    shift
    # shellcheck disable=SC2016 # expanded by the inner shell
    printf '%s\0' "${files[@]}" |
        xargs -0 -P "$jobs" -I{} bash -c 'tidy_one "$@"' tidy {} "$@" | tee "$work/tidy"
    [ ! -s "$work/tidy" ]
}

check 'clang-format' clang-format --dry-run -Werror "${c_files[@]}"
check 'clang-tidy' tidy "${plain[@]}" -- "${flags[@]}"
for isa in "${!isa_flags[@]}"; do
    [ "${#simd[@]}" -eq 0 ] && break
    [ "$(uname -m)" = x86_64 ] || [ "$isa" = scalar ] || continue
    read -ra machine <<<"${isa_flags[$isa]}"
    check "clang-tidy ($isa)" tidy "${simd[@]}" -- "${flags[@]}" "${machine[@]}" "-DISA=$isa" "-DISA_$isa"
done
check 'cppcheck' cppcheck -q -j "$jobs" --std=c11 --error-exitcode=1 --inline-suppr \
    --enable=warning,performance,portability --library=posix,gnu,openmp \
    --suppressions-list=scripts/cppcheck.suppressions -I. -DISA=scalar -DISA_scalar \
    '-Djson_object_foreach(o,k,v)=while(next(o,&k,&v))' \
    '-Djson_array_foreach(a,i,v)=while(next(a,&i,&v))' \
    '-DTest(suite,name,...)=void suite##name(void)' '-DTestSuite(suite,...)=' \
    kernels reference harness tests
check 'shellcheck' shellcheck "${shell[@]}"
check 'mandoc' mandoc -T lint -W warning scripts/mlabench.1
exit "$failed"
