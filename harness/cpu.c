/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "harness/cpu.h"

#include "kernels/isa.h"

#include <errno.h>
#include <omp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SYSTEM_CPU "/sys/devices/system/cpu"

/* The first line of a file without its newline, or false. */
__attribute__((format(printf, 3, 4))) static bool read_line(char *line, int size,
                                                            const char *path_format, ...)
{
    char path[256];
    va_list arguments;
    va_start(arguments, path_format);
    vsnprintf(path, sizeof path, path_format, arguments);
    va_end(arguments);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    bool read = fgets(line, size, file) != NULL;
    fclose(file);
    if (read)
        line[strcspn(line, "\n")] = 0;
    return read;
}

/* Parses the kernel's lists, "0-3,8", into a set; numbers too large for one are left out. */
static cpu_set_t parse_list(const char *text)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    while (*text) {
        char *end;
        long first = strtol(text, &end, 10), last = first;
        if (end == text)
            break;
        if (*end == '-')
            last = strtol(end + 1, &end, 10);
        for (long cpu = first; cpu <= last && cpu < CPU_SETSIZE; cpu++)
            CPU_SET((size_t)cpu, &set);
        text = *end == ',' ? end + 1 : end;
    }
    return set;
}

/* The inverse for an ordered list: "0-3,8", cut where it is full. */
static void format_list(const int *numbers, int count, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (int i = 0, end; i < count && used < size; i = end) {
        for (end = i + 1; end < count && numbers[end] == numbers[end - 1] + 1;)
            end++;
        used += (size_t)snprintf(text + used, size - used, i ? ",%d" : "%d", numbers[i]);
        if (end > i + 1 && used < size)
            used += (size_t)snprintf(text + used, size - used, "-%d", numbers[end - 1]);
    }
}

/* The CPUs this process was started on, those first that are the first usable one of their core. */
struct usable {
    cpu_set_t set;
    int cpus[CPU_SETSIZE];
    int count;
};

static int usable_siblings_before(const cpu_set_t *usable, int cpu)
{
    char line[256];
    if (!read_line(line, sizeof line, SYSTEM_CPU "/cpu%d/topology/thread_siblings_list", cpu))
        return 0;
    cpu_set_t siblings = parse_list(line);
    int before = 0;
    for (int other = 0; other < cpu; other++)
        before += CPU_ISSET((size_t)other, &siblings) && CPU_ISSET((size_t)other, usable);
    return before;
}

/* Found out once, because pinning changes what the system would answer. */
static const struct usable *usable_cpus(void)
{
    static struct usable usable;
    if (usable.count)
        return &usable;
    if (sched_getaffinity(0, sizeof usable.set, &usable.set)) {
        CPU_ZERO(&usable.set);
        for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_ONLN) && cpu < CPU_SETSIZE; cpu++)
            CPU_SET((size_t)cpu, &usable.set);
    }
    int rank[CPU_SETSIZE], last_rank = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET((size_t)cpu, &usable.set)) {
            rank[cpu] = usable_siblings_before(&usable.set, cpu);
            last_rank = rank[cpu] > last_rank ? rank[cpu] : last_rank;
        }
    for (int r = 0; r <= last_rank; r++)
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
            if (CPU_ISSET((size_t)cpu, &usable.set) && rank[cpu] == r)
                usable.cpus[usable.count++] = cpu;
    return &usable;
}

int cpu_count(void)
{
    return usable_cpus()->count;
}

long cpu_cache_line(void)
{
    long line = sysconf(_SC_LEVEL3_CACHE_LINESIZE);
    if (line <= 0)
        line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
    return line > 0 ? line : 0;
}

bool cpu_pin_team(int threads, char how[CPU_PINNING_MAX])
{
    const struct usable *usable = usable_cpus();
    bool fits = threads <= usable->count;
    int failed = 0, team = 0;
#pragma omp parallel num_threads(threads) reduction(| : failed) reduction(+ : team)
    {
        cpu_set_t set = usable->set;
        if (fits) {
            CPU_ZERO(&set);
            CPU_SET((size_t)usable->cpus[omp_get_thread_num()], &set);
        }
        failed |= sched_setaffinity(0, sizeof set, &set) ? errno : 0;
        team++;
    }
    if (failed)
        snprintf(how, CPU_PINNING_MAX, "not pinned: the system refuses");
    else if (team != threads)
        snprintf(how, CPU_PINNING_MAX, "OpenMP gives %d threads instead of %d", team, threads);
    else if (!fits)
        snprintf(how, CPU_PINNING_MAX, "not pinned: %d threads on %d CPUs", threads, usable->count);
    else {
        char list[64];
        format_list(usable->cpus, threads, list, sizeof list);
        snprintf(how, CPU_PINNING_MAX, "each thread on a CPU of its own: %s", list);
    }
    return fits && !failed && team == threads;
}

bool cpu_has_isa(const char *isa)
{
    return isa_runs(isa);
}

int cpu_limit_isa(const char *isa, struct mla_error *error)
{
    if (isa_present(isa)) {
        isa_limit(isa);
        return 0;
    }
    char accepted[128] = "";
    for (int i = 0; isa_names[i]; i++)
        if (isa_present(isa_names[i]))
            snprintf(accepted + strlen(accepted), sizeof accepted - strlen(accepted), " %s",
                     isa_names[i]);
    return mla_fail(error, MLA_BAD_INPUT, "--isa: this CPU has no instruction set '%s'; it has:%s",
                    isa, accepted);
}

const char *cpu_lacks_isa(const char *isa, char text[64])
{
    snprintf(text, 64, isa_present(isa) ? "--isa leaves %.32s out" : "this CPU lacks %.32s", isa);
    return text;
}

const char *cpu_best_isa(void)
{
    return isa_best();
}

static const char *const simd_isas[] = {
#define SIMD_ISA(name) #name,
#include "kernels/simd/isas.def"
#undef SIMD_ISA
};

/* The value of the first "key : value" line of /proc/cpuinfo, or false. */
static bool read_cpuinfo(const char *key, char *value, size_t size)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file)
        return false;
    char line[4096];
    bool found = false;
    while (!found && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        found = colon && strncmp(line, key, strlen(key)) == 0;
        if (found) {
            const char *text = colon + 1 + strspn(colon + 1, " ");
            snprintf(value, size, "%.*s", (int)strcspn(text, "\n"), text);
        }
    }
    fclose(file);
    return found;
}

static void read_model(struct cpu_info *info)
{
    struct utsname system;
    if (read_cpuinfo("model name", info->model, sizeof info->model))
        return;
    char part[32];
    if (uname(&system) == 0)
        snprintf(info->model, sizeof info->model, "%.64s", system.machine);
    if (read_cpuinfo("CPU part", part, sizeof part))
        snprintf(info->model + strlen(info->model), sizeof info->model - strlen(info->model),
                 " part %s", part);
}

static void read_frequency(struct cpu_info *info, int cpu)
{
    char line[64];
    if (read_line(line, sizeof line, SYSTEM_CPU "/cpu%d/cpufreq/cpuinfo_max_freq", cpu))
        info->mhz = strtod(line, NULL) / 1e3;
    else if (read_cpuinfo("cpu MHz", line, sizeof line))
        info->mhz = strtod(line, NULL);
    if (read_line(info->governor, sizeof info->governor,
                  SYSTEM_CPU "/cpu%d/cpufreq/scaling_governor", cpu))
        info->scaling_enabled = strcmp(info->governor, "performance") != 0;
}

static int64_t parse_size(const char *text)
{
    char *unit;
    int64_t size = strtoll(text, &unit, 10);
    return *unit == 'K' ? size << 10 : *unit == 'M' ? size << 20 : size;
}

static bool read_cache(struct cpu_cache *cache, int cpu, int index)
{
    char level[16], size[32], shared[256];
    if (!read_line(level, sizeof level, SYSTEM_CPU "/cpu%d/cache/index%d/level", cpu, index) ||
        !read_line(size, sizeof size, SYSTEM_CPU "/cpu%d/cache/index%d/size", cpu, index) ||
        !read_line(cache->type, sizeof cache->type, SYSTEM_CPU "/cpu%d/cache/index%d/type", cpu,
                   index))
        return false;
    cache->level = atoi(level);
    cache->size = parse_size(size);
    cache->num_sharing = 1;
    if (read_line(shared, sizeof shared, SYSTEM_CPU "/cpu%d/cache/index%d/shared_cpu_list", cpu,
                  index)) {
        cpu_set_t set = parse_list(shared);
        cache->num_sharing = CPU_COUNT(&set);
    }
    return true;
}

/* What the C library got from CPUID, where /sys says nothing. Sharing is then a guess: L1 and L2
 * private, L3 common to all. */
static void guess_caches(struct cpu_info *info)
{
    static const struct {
        const char *type;
        int level, name;
    } known[] = {
        {"Data", 1, _SC_LEVEL1_DCACHE_SIZE},
        {"Instruction", 1, _SC_LEVEL1_ICACHE_SIZE},
        {"Unified", 2, _SC_LEVEL2_CACHE_SIZE},
        {"Unified", 3, _SC_LEVEL3_CACHE_SIZE},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        long size = sysconf(known[i].name);
        if (size <= 0)
            continue;
        struct cpu_cache *cache = &info->caches[info->cache_count++];
        snprintf(cache->type, sizeof cache->type, "%s", known[i].type);
        cache->level = known[i].level;
        cache->size = size;
        cache->num_sharing = known[i].level == 3 ? info->cpus : 1;
    }
}

const struct cpu_cache *cpu_data_cache(const struct cpu_info *info, int level)
{
    for (int i = 0; i < info->cache_count; i++)
        if (info->caches[i].level == level && strcmp(info->caches[i].type, "Instruction") != 0)
            return &info->caches[i];
    return NULL;
}

static void read_numa(struct cpu_info *info)
{
    char line[256];
    info->numa_nodes = 1;
    if (read_line(line, sizeof line, "/sys/devices/system/node/online")) {
        cpu_set_t nodes = parse_list(line);
        info->numa_nodes = CPU_COUNT(&nodes);
    }
    /* enum of linux/mempolicy.h */
    static const char *const policies[] = {
        "default (first touch)", "preferred",          "bind", "interleave", "local",
        "preferred many",        "weighted interleave"};
    int policy = 0;
    unsigned long nodes[CPU_SETSIZE / (8 * sizeof(unsigned long))] = {0};
    long failed = syscall(SYS_get_mempolicy, &policy, nodes, (unsigned long)CPU_SETSIZE, NULL, 0);
    policy &= 0x1fff; /* without the mode flags */
    if (failed || (size_t)policy >= sizeof policies / sizeof policies[0]) {
        snprintf(info->numa_policy, sizeof info->numa_policy, "unknown");
        return;
    }
    int list[CPU_SETSIZE], count = 0;
    for (int node = 0; node < CPU_SETSIZE; node++)
        if (nodes[(size_t)node / (8 * sizeof *nodes)] >> ((size_t)node % (8 * sizeof *nodes)) & 1)
            list[count++] = node;
    char text[32];
    format_list(list, count, text, sizeof text);
    snprintf(info->numa_policy, sizeof info->numa_policy, count ? "%s %s" : "%s", policies[policy],
             text);
}

/* "always [madvise] never": the one in brackets. */
static void read_huge_pages(struct cpu_info *info)
{
    char line[128];
    if (!read_line(line, sizeof line, "/sys/kernel/mm/transparent_hugepage/enabled"))
        return;
    const char *open = strchr(line, '[');
    if (open)
        snprintf(info->huge_pages, sizeof info->huge_pages, "%.*s", (int)strcspn(open + 1, "]"),
                 open + 1);
}

void cpu_read(struct cpu_info *info)
{
    *info = (struct cpu_info){.cpus = cpu_count()};
    int first = usable_cpus()->cpus[0];
    read_model(info);
    read_frequency(info, first);
    while (info->cache_count < CPU_CACHES_MAX &&
           read_cache(&info->caches[info->cache_count], first, info->cache_count))
        info->cache_count++;
    if (info->cache_count == 0)
        guess_caches(info);
    for (size_t i = 0; i < sizeof simd_isas / sizeof simd_isas[0]; i++)
        if (cpu_has_isa(simd_isas[i]))
            info->isas[info->isa_count++] = simd_isas[i];
    if (getloadavg(info->load_avg, 3) != 3)
        info->load_avg[0] = info->load_avg[1] = info->load_avg[2] = -1;
    read_numa(info);
    read_huge_pages(info);
}
