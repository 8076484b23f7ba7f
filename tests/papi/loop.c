/* SPDX-License-Identifier: MIT
 *
 * Counts PAPI_TOT_INS around a loop, of two instructions on aarch64: loop THREADS ROUNDS... Each
 * thread of the team runs it. Prints "loop: THREADS threads, ROUNDS rounds: INSTRUCTIONS" for each;
 * exits with 1 if the event is missing, saying why. */
#include "harness/counters.h"

#include <stdio.h>
#include <stdlib.h>

/* Written out, so that no compiler changes how many instructions a round takes. */
static void loop(long rounds)
{
#ifdef __aarch64__
    __asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(rounds) : : "cc");
#else
    while (rounds-- > 0)
        __asm__ volatile("");
#endif
}

int main(int count, char **arguments)
{
    static const char *const names[] = {"PAPI_TOT_INS"};
    const struct counters_settings settings = {.threads = count > 1 ? atoi(arguments[1]) : 1};
    struct mla_error error;
    struct counters *counters;
    if (counters_open(&counters, names, 1, &settings, &error)) {
        fprintf(stderr, "loop: %s\n", error.message);
        return 1;
    }
    for (int i = 2; i < count; i++) {
        long rounds = atol(arguments[i]);
        counters_start(counters, 0);
#pragma omp parallel num_threads(settings.threads)
        loop(rounds);
        counters_stop(counters);
        const char *why = counters_missing(counters, 0);
        if (why) {
            fprintf(stderr, "loop: %s: %s\n", names[0], why);
            return 1;
        }
        printf("loop: %d threads, %ld rounds: %lld\n", settings.threads, rounds,
               (long long)counters_value(counters, 0));
    }
    counters_close(counters);
    return 0;
}
