/* SPDX-License-Identifier: MIT
 *
 * System calls that the emulator's kernel answers as Linux does. Runs on either. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static int failed;

static void check(bool holds, const char *what)
{
    failed += !holds;
    if (!holds)
        printf("calls: FAILED: %s\n", what);
}

#define CHECK(condition) check(condition, #condition)

static char *map(size_t size, int protection)
{
    void *map = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return map == MAP_FAILED ? NULL : map;
}

static bool all(const char *bytes, size_t size, char value)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static void maps(void)
{
    enum { PAGE = 4096, SIZE = 8 * PAGE };
    char *bytes = map(SIZE, PROT_READ | PROT_WRITE);
    CHECK(bytes && all(bytes, SIZE, 0));
    memset(bytes, 7, SIZE);
    CHECK(mprotect(bytes + PAGE, PAGE, PROT_NONE) == 0);
    CHECK(mprotect(bytes + PAGE, PAGE, PROT_READ) == 0 && all(bytes, SIZE, 7));
    CHECK(madvise(bytes + 2 * PAGE, PAGE, MADV_DONTNEED) == 0);
    CHECK(all(bytes + 2 * PAGE, PAGE, 0) && all(bytes + 3 * PAGE, PAGE, 7));
    CHECK(munmap(bytes + PAGE, PAGE) == 0 && all(bytes + 3 * PAGE, PAGE, 7));
    CHECK(mprotect(bytes, SIZE, PROT_READ) == -1 && errno == ENOMEM);
    CHECK(mprotect(bytes + 1, PAGE, PROT_READ) == -1 && errno == EINVAL);
    CHECK(munmap(bytes, 0) == -1 && errno == EINVAL);
    CHECK(!map(0, PROT_READ) && errno == EINVAL);
    const int fixed = MAP_PRIVATE | MAP_ANONYMOUS;
    CHECK(mmap(bytes + 3 * PAGE, PAGE, PROT_READ, fixed | MAP_FIXED_NOREPLACE, -1, 0) ==
          MAP_FAILED);
    CHECK(mmap(bytes + 3 * PAGE, PAGE, PROT_READ, fixed | MAP_FIXED, -1, 0) == bytes + 3 * PAGE);
    CHECK(all(bytes + 3 * PAGE, PAGE, 0) && all(bytes + 4 * PAGE, PAGE, 7));
    CHECK(munmap(bytes, SIZE) == 0);
}

/* More address space than there is memory, and more memory over time than there is at once. */
static void much(void)
{
    const size_t gib = (size_t)1 << 30;
    char *bytes = map(3 * gib, PROT_READ | PROT_WRITE);
    CHECK(bytes != NULL);
    bytes[3 * gib - 1] = 1;
    CHECK(bytes[gib] == 0 && bytes[3 * gib - 1] == 1);
    CHECK(munmap(bytes, 3 * gib) == 0);
    bool mapped = true;
    for (int i = 0; i < 6 && mapped; i++) {
        const size_t size = (size_t)100 << 20;
        bytes = map(size, PROT_READ | PROT_WRITE);
        mapped = bytes != NULL;
        for (size_t at = 0; mapped && at < size; at += 4096)
            bytes[at] = 1;
        if (mapped)
            munmap(bytes, size);
    }
    CHECK(mapped);
}

static void heap(void)
{
    char *before = sbrk(0), *from = sbrk(100000);
    CHECK(from == before && all(from, 100000, 0));
    memset(from, 1, 100000);
    CHECK(sbrk(-100000) == from + 100000 && sbrk(0) == from);
    size_t size = 1000;
    char *grown = malloc(size);
    memset(grown, 3, size);
    for (char *more; size < 10000000 && (more = realloc(grown, 10 * size)); size *= 10)
        grown = more;
    CHECK(size == 10000000 && all(grown, 1000, 3));
    free(grown);
}

static void machine(void)
{
    struct timespec first, second;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &first) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &second) == 0);
    CHECK(second.tv_sec > first.tv_sec ||
          (second.tv_sec == first.tv_sec && second.tv_nsec > first.tv_nsec));
    struct utsname name;
    CHECK(uname(&name) == 0 && strcmp(name.sysname, "Linux") == 0);
    CHECK(strcmp(name.machine, "x86_64") == 0);
    struct sysinfo info;
    CHECK(sysinfo(&info) == 0 && info.totalram * info.mem_unit > 100 << 20);
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur >= 8 << 20);
    CHECK(sysconf(_SC_PAGESIZE) == 4096);
    cpu_set_t set;
    CHECK(sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) >= 1);
    char random[2][16];
    CHECK(getrandom(random, sizeof random, 0) == sizeof random);
    CHECK(memcmp(random[0], random[1], sizeof *random) != 0);
}

static void files(void)
{
    struct stat status;
    CHECK(open("/nowhere/at/all", O_RDONLY) == -1 && errno == ENOENT);
    CHECK(stat("/nowhere/at/all", &status) == -1 && errno == ENOENT);
    CHECK(fstat(STDOUT_FILENO, &status) == 0 && fstat(99, &status) == -1 && errno == EBADF);
    CHECK(write(99, "", 1) == -1 && errno == EBADF);
    CHECK(syscall(501) == -1 && errno == ENOSYS);
}

int main(void)
{
    maps();
    much();
    heap();
    machine();
    files();
    printf("calls: %d failed\n", failed);
    return failed != 0;
}
