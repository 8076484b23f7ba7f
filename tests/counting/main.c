/* SPDX-License-Identifier: MIT
 *
 * Has the instructions of a kernel's steps counted, by callgrind or by tests/emulator, on one
 * thread: scripts/instructions.py runs it and does the sums.
 *
 *   counting [--library FILE|--emulated] list     a line `KERNEL ISA yes|no` each: whether it runs
 *   counting [--library FILE|--emulated] KERNEL   all cases that it supports
 *   counting --library FILE study KERNEL          the study's cases instead
 *
 * The kernels are those of the shared object, if there is one, else the program's own. Without
 * callgrind, --emulated has to say that time stamps are instructions. Regions
 * `nothing` and `loop` (counter.h) come first, then one by the name of each case: storing the new
 * rows and attending, after the same step has been done before, so that everything is in place.
 * Exits with 0, 2 for bad usage, and 4 where memory is lacking or a kernel returned an error. */
#include "harness/cpu.h"
#include "harness/trial.h"
#include "tests/counting/cases.h"
#include "tests/counting/counter.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn static void give_up(int code, const char *what, const char *why)
{
    fprintf(stderr, "counting: %s: %s\n", what, why);
    exit(-code);
}

static const struct mla_registry *registry_of(const char *file)
{
    mla_registry_function *function = NULL;
    void *object = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    void *symbol = object ? dlsym(object, MLA_REGISTRY_SYMBOL) : NULL;
    if (!symbol)
        give_up(MLA_BAD_INPUT, file, dlerror());
    memcpy(&function, &symbol, sizeof function);
    const struct mla_registry *registry = function();
    if (registry->abi != MLA_ABI)
        give_up(MLA_BAD_INPUT, file, "it was built for another MLA_ABI");
    return registry;
}

static void list(const struct mla_registry *registry)
{
    for (uint32_t i = 0; i < registry->count; i++) {
        const struct mla_kernel *kernel = registry->kernels[i];
        printf("%s %s %s\n", kernel->name, kernel->isa, cpu_has_isa(kernel->isa) ? "yes" : "no");
    }
}

static const struct mla_kernel *find(const struct mla_registry *registry, const char *name)
{
    for (uint32_t i = 0; i < registry->count; i++)
        if (strcmp(registry->kernels[i]->name, name) == 0)
            return registry->kernels[i];
    give_up(MLA_BAD_INPUT, name, "there is no such kernel");
}

static int step(const struct trial *t, const struct mla_call *call)
{
    const struct mla_kernel *kernel = t->kernel;
    int status = 0;
    for (int32_t i = 0; i < call->batch && status == 0; i++) {
        const struct mla_seq *seq = &call->seqs[i];
        if (seq->tokens > 0)
            status = kernel->store(&t->placed.problem, &t->memory, seq, seq->position, seq->tokens,
                                   inputs_row(t->inputs, i, seq->position), call->threads);
    }
    return status ? status : kernel->attend(&t->placed.problem, &t->memory, call);
}

static void count(const struct mla_kernel *kernel, const struct inputs *inputs, const char *name)
{
    struct trial trial;
    struct mla_error error;
    struct trial_way way = {.memory = BUFFER_PLAIN, .threads = 1};
    if (trial_create(inputs, kernel, &way, &trial, &error) || trial_store(&trial, &error))
        give_up(MLA_MACHINE, name, error.message);
    struct mla_call call = {.seqs = trial.seqs,
                            .batch = inputs->workload.batch,
                            .threads = 1,
                            .q = trial.q.data,
                            .o = trial.o.data,
                            .lse = trial.lse.data};
    inputs_call(inputs, &call);
    int status = step(&trial, &call);
    counter_begin();
    status = status ? status : step(&trial, &call);
    counter_end(name);
    if (status)
        give_up(MLA_MACHINE, name, strerror(-status));
    trial_destroy(&trial);
}

static void count_all(const struct mla_kernel *kernel, const struct counting_case *cases,
                      int case_count)
{
    counter_begin();
    counter_end("nothing");
    counter_begin();
    counter_loop();
    counter_end("loop");
    for (int i = 0; i < case_count; i++) {
        const struct counting_case *c = &cases[i];
        struct inputs inputs;
        struct mla_error error;
        const char *why;
        if (shape_inputs(&c->shape, &c->extras, 1, &inputs, &error))
            give_up(MLA_MACHINE, c->name, error.message);
        if (kernel->supports(&inputs.problem, inputs.listed > 0, inputs.sinks.data != NULL, &why))
            count(kernel, &inputs, c->name);
        inputs_destroy(&inputs);
    }
}

int main(int argc, char **argv)
{
    bool emulated = argc == 3 && strcmp(argv[1], "--emulated") == 0;
    bool library = argc >= 4 && strcmp(argv[1], "--library") == 0;
    bool study = argc == 5 && library && strcmp(argv[3], "study") == 0;
    if (argc != 2 && !emulated && !study && !(library && argc == 4))
        give_up(MLA_BAD_INPUT, "usage",
                "counting [--library FILE|--emulated] list|KERNEL, "
                "counting --library FILE study KERNEL");
    const char *what = argv[argc - 1];
    const struct mla_registry *registry = library ? registry_of(argv[2]) : mla_kernels();
    if (strcmp(what, "list") == 0)
        list(registry);
    else if (study && counter_is_callgrind())
        count_all(find(registry, what), counting_study_cases, counting_study_case_count);
    else if (emulated || counter_is_callgrind())
        count_all(find(registry, what), counting_cases, counting_case_count);
    else
        give_up(MLA_BAD_INPUT, what, "counted under callgrind alone, or --emulated");
    return 0;
}
