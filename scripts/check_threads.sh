#!/usr/bin/env bash
# Looks for data races in the kernels and the reference:
#     scripts/check_threads.sh MLABENCH [OPTION]...
# with a build under SANITIZE=thread, and further options for its verify command. Criterion cannot
# run under ThreadSanitizer (it maps memory where the sanitizer's own is), so the program verifies
# its kernels on teams of 2 and 3 threads instead.
set -euo pipefail

mlabench=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# libomp loads LLVM's archer by itself, which tells the sanitizer of OpenMP's synchronisation; what
# is not built with the sanitizer (OpenBLAS, libomp) is not judged. By default each process would
# sleep a second at its end, and every verification is one.
export TSAN_OPTIONS="ignore_noninstrumented_modules=1 exitcode=66 atexit_sleep_ms=0 ${TSAN_OPTIONS:-}"
# Threads that wait sleep: there may be more of them than CPUs.
export OMP_WAIT_POLICY=passive

# First that a race is seen, and that barriers, locks and loops are not taken for one.
cat >"$work/probe.c" <<'C'
#include <stdio.h>
#include <stdlib.h>
enum { N = 1000 };
int main(void)
{
    double *a = malloc(N * sizeof *a), *b = malloc(N * sizeof *b), sum = 0;
#pragma omp parallel num_threads(3)
    {
#pragma omp for schedule(dynamic)
        for (int i = 0; i < N; i++)
            a[i] = i;
#pragma omp for schedule(static)
        for (int i = 0; i < N; i++)
            b[i] = a[N - 1 - i];
#pragma omp single
        sum += b[0];
#ifndef RACE
#pragma omp critical
#endif
        sum += 1;
    }
    printf("%g\n", sum);
    free(a);
    free(b);
    return 0;
}
C
for race in '' -DRACE; do
    clang -O1 -g -fopenmp -fsanitize=thread $race -o "$work/probe$race" "$work/probe.c"
done
if ! "$work/probe" >"$work/clean" 2>&1; then
    cat "$work/clean"
    echo "check_threads: a correct program is reported as racy (or ThreadSanitizer cannot start:" \
        "then try sysctl vm.mmap_rnd_bits=28)"
    exit 1
fi
if "$work/probe-DRACE" >"$work/racy" 2>&1 || ! grep -q 'data race' "$work/racy"; then
    cat "$work/racy"
    echo "check_threads: a planted race was not reported"
    exit 1
fi
echo "check_threads: the planted race was reported, the correct program was not"

# A race need not change a figure, and a process that ends in _exit keeps its exit code: what was
# written counts.
verify() {
    "$mlabench" verify -q "$@" 2>&1 | tee "$work/output"
    if grep -q 'ThreadSanitizer' "$work/output"; then
        echo "check_threads: ThreadSanitizer found a race, see above"
        exit 1
    fi
}
shift
verify --model tiny,tiny-mha,tiny-mqa --cached 0,65,300 --new 1,3,40 --threads 2,3 "$@"
verify --model tiny,tiny-gqa8 --cached 130 --new 1,5 --batch 4 --ragged --threads 2,3 "$@"
verify --model tiny,article-784 --cached 33 --new 2 --layer --threads 2 "$@"
verify --model deepseek-v2-lite --cached 70 --new 1 --threads 2 "$@"
# Vector kernels: spans shared by threads, waves of heads, weights read beside the keys.
verify --kernel 'absorbed-*,flash-*,auto' --model tiny-16 --cached 1300 --new 2,65 --threads 2,3 "$@"
verify --kernel 'absorbed-avx*' --model kimi-k2 --cached 3200 --new 1 --threads 2 "$@"
echo "check_threads: no race found"
