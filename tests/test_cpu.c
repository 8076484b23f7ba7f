/* SPDX-License-Identifier: MIT
 *
 * What is said of the machine, against other sources of the same facts. */
#define _GNU_SOURCE
#include "harness/cpu.h"
#include "kernels/call.h"

#include <criterion/criterion.h>
#include <omp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

Test(cpu, facts_are_plausible)
{
    struct cpu_info info;
    cpu_read(&info);
    cr_assert(info.model[0] != 0, "no model name");
    cr_assert(info.cpus >= 1 && info.cpus <= sysconf(_SC_NPROCESSORS_CONF), "%d CPUs", info.cpus);
    cr_assert(info.mhz >= 0 && info.mhz < 1e4, "%g MHz", info.mhz);
    cr_assert(info.numa_nodes >= 1 && info.numa_policy[0] != 0, "NUMA: %d nodes, policy '%s'",
              info.numa_nodes, info.numa_policy);
    cr_assert(info.governor[0] != 0 || !info.scaling_enabled, "scaling without a governor");
    cr_assert(info.isa_count >= 1 && strcmp(info.isas[0], "scalar") == 0, "scalar is missing");
    cr_assert(strcmp(info.isas[info.isa_count - 1], cpu_best_isa()) == 0, "the last is the best");
}

Test(cpu, caches_agree_with_the_c_library)
{
    struct cpu_info info;
    cpu_read(&info);
    static const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE};
    for (int level = 1; level <= 2; level++) {
        const struct cpu_cache *cache = cpu_data_cache(&info, level);
        long size = sysconf(names[level - 1]);
        if (!cache || size <= 0)
            cr_skip("L%d is known to one source only", level);
        cr_assert(cache->size == size, "L%d: %lld here, %ld there", level, (long long)cache->size,
                  size);
        cr_assert(cache->num_sharing >= 1, "L%d is shared by %d CPUs", level, cache->num_sharing);
    }
    cr_assert(cpu_data_cache(&info, 9) == NULL, "no machine has an L9");
}

#ifdef __x86_64__
/* Whether /proc/cpuinfo lists all of the flags. */
static bool cpuinfo_has(const char *const *flags)
{
    static char line[8192];
    FILE *file = fopen("/proc/cpuinfo", "r");
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file))
        found = strncmp(line, "flags", 5) == 0;
    if (file)
        fclose(file);
    line[strcspn(line, "\n")] = ' ';
    for (; found && *flags; flags++) {
        char word[32];
        snprintf(word, sizeof word, " %s ", *flags);
        found = strstr(line, word) != NULL;
    }
    return found;
}

Test(cpu, instruction_sets_agree_with_the_kernel)
{
    static const char *const avx2[] = {"avx2", "fma", "f16c", NULL};
    static const char *const avx512[] = {"avx512f", "avx512bw", "avx512dq", "avx512vl", NULL};
    cr_assert(cpu_has_isa("avx2") == cpuinfo_has(avx2), "AVX2");
    cr_assert(cpu_has_isa("avx512") == cpuinfo_has(avx512), "AVX-512");
    cr_assert(cpu_has_isa("x86-64") && !cpu_has_isa("aarch64"), "the architecture itself");
}
#endif

Test(cpu, unknown_instruction_sets_are_not_supported)
{
    static const char *const unknown[] = {"", "avx", "avx9", "AVX2", "avx2 "};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        cr_assert(!cpu_has_isa(unknown[i]), "'%s'", unknown[i]);
    cr_assert(cpu_has_isa("scalar"), "scalar");
}

Test(cpu, each_thread_gets_a_cpu_of_its_own)
{
    char how[CPU_PINNING_MAX];
    int threads = cpu_count() < 8 ? cpu_count() : 8;
    if (!cpu_pin_team(threads, how))
        cr_skip("%s", how);
    cpu_set_t taken;
    CPU_ZERO(&taken);
    bool single = true;
#pragma omp parallel num_threads(threads)
#pragma omp critical
    {
        cpu_set_t mine;
        sched_getaffinity(0, sizeof mine, &mine);
        single = single && CPU_COUNT(&mine) == 1;
        CPU_OR(&taken, &taken, &mine);
    }
    cr_assert(single, "some thread may float");
    cr_assert(CPU_COUNT(&taken) == threads, "%d threads on %d CPUs", threads, CPU_COUNT(&taken));
    cr_assert(strstr(how, "its own") || strstr(how, "of its own"), "says '%s'", how);
}

Test(cpu, pinning_is_undone_when_threads_outnumber_cpus)
{
    char how[CPU_PINNING_MAX];
    int cpus = cpu_count();
    cpu_pin_team(1, how);
    cr_assert(cpu_count() == cpus, "pinning hides CPUs");
    if (cpus > 16)
        cr_skip("too many CPUs to outnumber");
    cr_assert(!cpu_pin_team(cpus + 1, how), "says '%s'", how);
    cr_assert(strncmp(how, "not pinned", 10) == 0, "says '%s'", how);
    int narrowest = cpus;
#pragma omp parallel num_threads(cpus + 1) reduction(min : narrowest)
    {
        cpu_set_t mine;
        sched_getaffinity(0, sizeof mine, &mine);
        narrowest = CPU_COUNT(&mine);
    }
    cr_assert(narrowest == cpus, "a thread is left on %d of %d CPUs", narrowest, cpus);
}

Test(cpu, a_limit_leaves_out_what_comes_after)
{
    struct mla_error error;
    char lacks[64];
    bool avx2 = cpu_has_isa("avx2");
    cr_assert(cpu_limit_isa("scalar", &error) == 0, "%s", error.message);
    cr_assert(cpu_has_isa("scalar") && cpu_has_isa(BASELINE_ISA));
    cr_assert(!cpu_has_isa("avx2") && !cpu_has_isa("avx512"));
    cr_assert(strcmp(cpu_best_isa(), "scalar") == 0);
    cpu_lacks_isa("avx2", lacks);
    cr_assert(strcmp(lacks, avx2 ? "--isa leaves avx2 out" : "this CPU lacks avx2") == 0, "%s",
              lacks);
}

Test(cpu, a_limit_that_is_not_there_is_refused)
{
    struct mla_error error;
    cr_assert(cpu_limit_isa("avx1024", &error) == MLA_BAD_INPUT);
    cr_assert(strstr(error.message, "avx1024") && strstr(error.message, "it has: " BASELINE_ISA),
              "%s", error.message);
}
