/* SPDX-License-Identifier: MIT
 *
 * Usage: neighbour CPU SEED
 * A tenant of the same machine: on that CPU, until it is killed, bursts of arithmetic, of reading
 * and of writing memory beyond all caches, with pauses in between, of 1 to 50 ms each. It computes
 * for two thirds of the time. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BYTES = 128 << 20, CHUNK = 1 << 20, MULTIPLICATIONS = 100000 };

static volatile double sink;
static char memory[BYTES];

static uint64_t draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void multiply(void)
{
    double x = 1;
    for (int i = 0; i < MULTIPLICATIONS; i++)
        x = x * 1.0000001 + 1e-9;
    sink = x;
}

static void read_chunk(const char *chunk)
{
    int64_t sum = 0;
    for (size_t i = 0; i < CHUNK; i += sizeof sum) {
        int64_t word;
        memcpy(&word, chunk + i, sizeof word);
        sum += word;
    }
    sink = (double)sum;
}

int main(int count, char **arguments)
{
    cpu_set_t set;
    uint64_t state = count == 3 ? strtoull(arguments[2], NULL, 10) : 0;
    CPU_ZERO(&set);
    if (count == 3)
        CPU_SET(strtoul(arguments[1], NULL, 10), &set);
    if (sched_setaffinity(0, sizeof set, &set)) {
        fputs("usage: neighbour CPU SEED; a CPU of this machine\n", stderr);
        return 2;
    }
    memset(memory, 1, BYTES);
    for (size_t at = 0;;) {
        uint64_t what = draw(&state) % 6;
        int64_t length_us = 1000 + (int64_t)(draw(&state) % 49000), end = now_us() + length_us;
        if (what < 2)
            usleep((useconds_t)length_us);
        for (; what >= 2 && now_us() < end; at = (at + CHUNK) % BYTES) {
            if (what < 4)
                multiply();
            else if (what == 4)
                read_chunk(memory + at);
            else
                memset(memory + at, (int)at, CHUNK);
        }
    }
}
