/* SPDX-License-Identifier: MIT
 *
 * The ways in which a program ends otherwise than well: endings WAY. */
#define _GNU_SOURCE
#include <fenv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* What the compiler does not know. */
static volatile int zero;
static volatile float zero_float;
static volatile char *volatile nowhere;

/* 512-bit addition of fp16, which the emulated CPUs do not have: vaddph zmm0, zmm1, zmm0. */
static void illegal(void)
{
    __asm__ volatile(".byte 0x62, 0xf5, 0x74, 0x48, 0x58, 0xc0");
}

enum { SIZE = 3 * 4096 };

static volatile char *pages(void)
{
    void *map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        exit(1);
    return map;
}

/* Pages of which the last has that protection. */
static volatile char *guarded(int protection)
{
    volatile char *map = pages();
    map[SIZE - 1] = 1;
    mprotect((void *)(map + SIZE - 4096), 4096, protection);
    return map;
}

static void read_guard(void)
{
    volatile char *map = guarded(PROT_NONE);
    (void)map[SIZE - 4097];
    (void)map[SIZE - 4096];
}

static void write_guard(void)
{
    volatile char *map = guarded(PROT_NONE);
    map[SIZE - 4097] = 1;
    map[SIZE - 4096] = 1;
}

static void write_read_only(void)
{
    volatile char *map = guarded(PROT_READ);
    (void)map[SIZE - 1];
    map[SIZE - 1] = 1;
}

static void read_freed(void)
{
    volatile char *map = pages();
    map[0] = 1;
    munmap((void *)map, SIZE);
    (void)map[0];
}

static void read_beyond(void)
{
    volatile char *map = pages(), *other = pages();
    map[SIZE - 1] = other[0] = 1;
    (void)map[SIZE];
}

/* An int 3 that would run. */
static void execute_data(void)
{
    volatile char *map = pages();
    map[0] = (char)0xcc;
    __asm__ volatile("call *%0" : : "r"(map));
}

static void read_null(void)
{
    (void)*nowhere;
}

static void read_kernel(void)
{
    (void)*(volatile char *)0xffffffff80100000;
}

static void privileged(void)
{
    __asm__ volatile("hlt");
}

static void divide(void)
{
    zero = 12345 / zero;
}

static void divide_floats(void)
{
    feenableexcept(FE_DIVBYZERO);
    zero_float = 12345 / zero_float;
}

static void forever(void)
{
    for (volatile int i = 0;; i++)
        continue;
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*end)(void);
    } ways[] = {
        {"illegal", illegal},
        {"read-guard", read_guard},
        {"write-guard", write_guard},
        {"write-read-only", write_read_only},
        {"read-freed", read_freed},
        {"read-beyond", read_beyond},
        {"execute-data", execute_data},
        {"read-null", read_null},
        {"read-kernel", read_kernel},
        {"privileged", privileged},
        {"divide", divide},
        {"divide-floats", divide_floats},
        {"abort", abort},
        {"forever", forever},
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (count == 2 && strcmp(arguments[1], ways[i].name) == 0) {
            puts("before");
            ways[i].end();
            puts("after");
        }
    return 1;
}
