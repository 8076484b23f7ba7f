/* SPDX-License-Identifier: MIT
 *
 * `mlabench roofline`: what it measures is complete, what it cannot measure says why, and an
 * interruption leaves nothing behind. */
#include "harness/bandwidth.h"
#include "harness/roofline.h"
#include "tests/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(roofline, .init = make_temporary, .fini = remove_temporary, .timeout = 120);

static const json_t *at(const json_t *root, const char *list, const char *threads, const char *name)
{
    return json_object_get(json_object_get(json_object_get(root, list), threads), name);
}

static double number(const json_t *figure, const char *key)
{
    return json_number_value(json_object_get(figure, key));
}

/* Measured with its spread, or missing with a reason, never both nor neither. */
static bool is_measured(const json_t *figure, const char *what)
{
    const char *missing = json_string_value(json_object_get(figure, "missing"));
    if (missing) {
        cr_assert(*missing && json_object_size(figure) == 1, "%s", what);
        return false;
    }
    cr_assert(number(figure, "min") > 0 && number(figure, "min") <= number(figure, "median") &&
                  number(figure, "median") <= number(figure, "max") &&
                  number(figure, "samples") >= 10,
              "%s", what);
    return true;
}

Test(roofline, every_instruction_set_level_and_access)
{
    EXPECT(0, "roofline -q --threads 1,1024 --out @/roofs", "L1 read", "DRAM non-temporal write",
           "fp32 FMA, scalar", "1024  fp32 FMA, scalar", "this process may use");
    json_t *root = load("roofs/roofline.json");
    for (int i = 0; i < CEILING_ISAS; i++) {
        const char *isa = ceiling_loops[i]->isa;
        cr_assert(is_measured(at(root, "fma_peak_gflops", "1", isa), isa) == cpu_has_isa(isa), "%s",
                  isa);
        cr_assert(!is_measured(at(root, "fma_peak_gflops", "1024", isa), isa));
    }
    for (int level = 0; level < CEILING_LEVELS; level++)
        for (int access = 0; access < ACCESSES; access++) {
            const char *name = ceiling_level_names[level];
            const json_t *figure = at(root, roofline_lists[access], "1", name);
            bool measured = is_measured(figure, name);
            cr_assert(!measured || number(figure, "bytes") > 0, "%s", name);
            cr_assert(!is_measured(at(root, roofline_lists[access], "1024", name), name));
        }
    cr_assert(json_string_value(json_object_get(json_object_get(root, "pinning"), "1")));
    json_decref(root);
}

Test(roofline, instruction_sets_that_are_left_out_are_missing)
{
    EXPECT(0, "roofline -q --isa scalar --threads 1 --json", "\"cpu\"", "\"isa\": \"scalar\"");
    json_t *root = json_loads(output, 0, NULL);
    cr_assert(root, "%s", output);
    for (int i = 0; i < CEILING_ISAS; i++) {
        const char *isa = ceiling_loops[i]->isa;
        cr_assert(is_measured(at(root, "fma_peak_gflops", "1", isa), isa) == (i == 0), "%s", isa);
    }
    json_decref(root);
}

Test(roofline, bad_usage_is_named)
{
    EXPECT(2, "roofline --threads 0", "--threads", "'0'");
    EXPECT(2, "roofline --isa avx9", "avx9");
    EXPECT(2, "roofline --cold", "--cold");
    EXPECT(2, "roofline extra", "extra");
}

Test(roofline, an_interruption_leaves_the_last_file_alone)
{
    write_file("roofline.json", "{\"earlier\": 1}\n");
    int lines[2];
    cr_assert(pipe(lines) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(lines[1], 2);
        close(lines[0]);
        execl(program(), "mlabench", "roofline", "--out", folder, (char *)NULL);
        _exit(127);
    }
    close(lines[1]);
    char byte;
    cr_assert(read(lines[0], &byte, 1) == 1); /* the first line of progress: it is under way */
    kill(pid, SIGINT);
    int status;
    waitpid(pid, &status, 0);
    close(lines[0]);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 130, "status %#x", (unsigned)status);
    json_t *root = load("roofline.json");
    cr_assert(json_integer_value(json_object_get(root, "earlier")) == 1);
    json_decref(root);
    char part[128];
    snprintf(part, sizeof part, "%s/roofline.json.part", folder);
    cr_assert(access(part, F_OK) != 0, "%s is left", part);
}
