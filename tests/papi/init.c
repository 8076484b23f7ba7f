/* SPDX-License-Identifier: MIT
 *
 * The first process of the emulated machine: runs what is to be counted there and turns it off.
 * What each program prints stands between "=== begin NAME" and "=== end NAME STATUS". */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 16, ROOT = 0, NOBODY = 65534 };

/* More than the seven counters that the PMU of a Cortex-A57 has. */
static const char too_many[] =
    "PAPI_TOT_CYC,PAPI_TOT_INS,perf::CYCLES,perf::INSTRUCTIONS,PAPI_L1_DCM,PAPI_L1_DCA,"
    "PAPI_L2_DCM,PAPI_L1_ICM,PAPI_BR_MSP,arm_ac57::INST_RETIRED,perf::PAGE-FAULTS";

#define RUN                                                                                \
    "/mlabench", "run", "-q", "--kernel", "*-scalar", "--model", "tiny", "--cached", "64", \
        "--no-report", "--out"

/* PAPI's first two starts and stops take fewer instructions of their own than all later ones. */
#define WARM_UP "1", "1"

static const struct step {
    const char *name, *paranoid; /* NULL: as it was */
    uid_t user;
    const char *arguments[ARGUMENTS_MAX];
} steps[] = {
    {"refused", "3", NOBODY, {"/mlabench", "list", "counters", "--json"}},
    {"cured", "2", NOBODY, {"/mlabench", "list", "counters", "--json"}},
    {"loop", NULL, NOBODY, {"/loop", "1", WARM_UP, "1000000", "2000000", "3000000"}},
    {"threads", NULL, NOBODY, {"/loop", "2", WARM_UP, "1000000"}},
    {"run", NULL, NOBODY, {RUN, "/tmp/run"}},
    {"result", NULL, NOBODY, {"/init", "/tmp/run/result.json"}},
    {"run-passes", NULL, NOBODY, {RUN, "/tmp/passes", "--counters", too_many}},
    {"result-passes", NULL, NOBODY, {"/init", "/tmp/passes/result.json"}},
};

static int write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file)
        return -1;
    int written = fputs(text, file);
    return fclose(file) == 0 && written >= 0 ? 0 : -1;
}

static int print_file(const char *path)
{
    FILE *file = fopen(path, "r");
    int c;
    if (!file)
        return 1;
    while ((c = getc(file)) != EOF)
        putchar(c);
    return fclose(file) == 0 && fflush(stdout) == 0 ? 0 : 1;
}

static void run(const struct step *step)
{
    int status = -1;
    if (step->paranoid && write_text("/proc/sys/kernel/perf_event_paranoid", step->paranoid))
        perror("perf_event_paranoid");
    printf("=== begin %s\n", step->name);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (setuid(step->user) == 0)
            execv(step->arguments[0], (char *const *)step->arguments);
        perror(step->arguments[0]);
        _exit(127);
    }
    waitpid(child, &status, 0);
    printf("=== end %s %d\n", step->name, status);
    fflush(stdout);
}

int main(int count, char **arguments)
{
    static const struct {
        const char *type, *folder;
    } mounts[] = {{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}};
    if (count > 1)
        return print_file(arguments[1]);
    for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
        mkdir(mounts[i].folder, 0755);
        if (mount("none", mounts[i].folder, mounts[i].type, 0, NULL))
            perror(mounts[i].folder);
    }
    setenv("MLABENCH_DATA", "/data", 1);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        run(&steps[i]);
    puts("=== all done");
    fflush(stdout);
    reboot(RB_POWER_OFF);
    return 1;
}
