/* SPDX-License-Identifier: MIT
 *
 * A plug-in that is wrong in the way that the environment variable BAD_PLUGIN names; see the table
 * in tests/test_plugins.c. Without one its kernel is complete, though useless. Built with
 * -DNO_REGISTRY or -DUNDEFINED it is wrong before any of its code runs. */
#ifdef NO_REGISTRY
#define mla_kernels mla_kernels_ /* a slip of the pen */
#endif
#include "kernels/kernel.h"

#include <errno.h>
#include <fenv.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool is(const char *bad)
{
    const char *wanted = getenv("BAD_PLUGIN");
    return wanted && strcmp(wanted, bad) == 0;
}

static void crash(void)
{
    signal(SIGILL, SIG_DFL); /* whatever the test runner or a sanitizer makes of it */
    raise(SIGILL);
}

static void hang(void)
{
    for (;;)
        pause();
}

static int team(void)
{
    int threads = 0;
#pragma omp parallel num_threads(2) reduction(+ : threads)
    threads++;
    return threads;
}

#ifdef UNDEFINED
extern void nowhere_to_be_found(void);
void (*const needed)(void) = nowhere_to_be_found;
#endif

__attribute__((constructor)) static void construct(void)
{
    if (is("constructor crashes"))
        crash();
    if (is("constructor hangs"))
        hang();
    if (is("constructor exits"))
        exit(7);
    if (is("constructor rounds upwards"))
        fesetround(FE_UPWARD);
}

__attribute__((destructor)) static void destruct(void)
{
    if (is("destructor crashes"))
        crash();
}

static bool supports(const struct mla_problem *p, bool top_k, bool sinks, const char **why)
{
    (void)top_k, (void)sinks;
    if (is("supports crashes"))
        crash();
    if (is("supports hangs"))
        hang();
    if (is("supports is silent"))
        *why = NULL;
    if (is("supports is silent") || p->kind == MLA_KV)
        return false;
    return true;
}

static int plan(const struct mla_problem *p, struct mla_plan *plan)
{
    if (is("plan crashes"))
        crash();
    if (is("plan fails"))
        return -EIO;
    *plan = (struct mla_plan){.cache_payload = (size_t)p->slots, .slot_align = 1};
    if (is("plan without alignment"))
        plan->slot_align = 0;
    if (is("plan without rows"))
        plan->cached = (enum mla_kind)7;
    return 0;
}

static int store(const struct mla_problem *p, const struct mla_memory *m, const struct mla_seq *seq,
                 int64_t position, int64_t count, const float *rows, int32_t threads)
{
    (void)p, (void)m, (void)seq, (void)position, (void)count, (void)rows, (void)threads;
    return 0;
}

static int load(const struct mla_problem *p, const struct mla_memory *m, const struct mla_seq *seq,
                int64_t position, int64_t count, float *rows)
{
    (void)p, (void)m, (void)seq, (void)position, (void)count, (void)rows;
    return 0;
}

static int attend(const struct mla_problem *p, const struct mla_memory *m,
                  const struct mla_call *call)
{
    (void)p, (void)m, (void)call;
    return 0;
}

static int linear(int64_t tokens, int64_t in, int64_t out, const float *weight, const float *x,
                  float *y, int32_t threads)
{
    (void)tokens, (void)in, (void)out, (void)weight, (void)x, (void)y, (void)threads;
    return 0;
}

static struct mla_kernel kernel = {
    .abi = MLA_ABI,
    .struct_size = sizeof(struct mla_kernel),
    .name = "bad",
    .summary = "does nothing",
    .isa = "scalar",
    .unit_roundoff = 0x1p-24,
    .supports = supports,
    .plan = plan,
    .store = store,
    .load = load,
    .attend = attend,
    .linear = linear,
};

static void spoil_kernel(void)
{
    if (is("kernel of another ABI"))
        kernel.abi = MLA_ABI + 1;
    if (is("struct too small"))
        kernel.struct_size = offsetof(struct mla_kernel, backward);
    if (is("struct too large"))
        kernel.struct_size = UINT32_MAX;
    if (is("no name"))
        kernel.name = NULL;
    if (is("capital in name"))
        kernel.name = "Bad";
    if (is("escape in name"))
        kernel.name = "bad\033[2J\xff";
    if (is("long name"))
        kernel.name = "a-name-that-is-longer-than-any-line-of-a-table-has-room-for";
    if (is("name taken"))
        kernel.name = "absorbed";
    if (is("no summary"))
        kernel.summary = NULL;
    if (is("summary not UTF-8"))
        kernel.summary = "\xff\xfe";
    if (is("summary nowhere"))
        kernel.summary = (const char *)16;
    if (is("no isa"))
        kernel.isa = NULL;
    if (is("no order"))
        kernel.order = (enum mla_order)9;
    if (is("no round-off"))
        kernel.unit_roundoff = 0;
    if (is("no supports"))
        kernel.supports = NULL;
    if (is("no attend"))
        kernel.attend = NULL;
}

/* As an older header has it, without the layer's verbs, and flush against an inaccessible page. */
static const struct mla_kernel *of_older_header(void)
{
    const uint32_t size = offsetof(struct mla_kernel, linear);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE))
        return NULL;
    kernel.struct_size = size;
    return memcpy(pages + page - size, &kernel, size);
}

/* As a newer header might have it, with a member that this one does not know. */
static const struct mla_kernel *of_newer_header(void)
{
    static struct {
        struct mla_kernel kernel;
        void *more;
    } newer;
    kernel.struct_size = sizeof newer;
    newer.kernel = kernel;
    newer.more = &newer;
    return &newer.kernel;
}

const struct mla_registry *mla_kernels(void)
{
    static const struct mla_kernel *kernels[3] = {&kernel};
    static struct mla_registry registry = {.abi = MLA_ABI, .count = 1, .kernels = kernels};
    if (is("registry function crashes"))
        crash();
    if (is("registry function hangs"))
        hang();
    if (is("registry function exits"))
        exit(0);
    if (is("registry function opens a team"))
        registry.count = team() > 0;
    if (is("no registry"))
        return NULL;
    if (is("registry of another ABI"))
        registry.abi = MLA_ABI + 1;
    if (is("empty registry"))
        registry.count = 0;
    if (is("absurd count"))
        registry.count = UINT32_MAX;
    if (is("no kernels"))
        registry.kernels = NULL;
    if (is("NULL among the kernels"))
        registry.count = 3;
    if (is("kernel nowhere"))
        kernels[0] = (const struct mla_kernel *)16;
    if (is("the same kernel twice"))
        kernels[registry.count++] = &kernel;
    spoil_kernel();
    if (is("older header"))
        kernels[0] = of_older_header();
    if (is("newer header"))
        kernels[0] = of_newer_header();
    return &registry;
}
