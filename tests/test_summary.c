/* SPDX-License-Identifier: MIT
 *
 * What a report says first: which kernel to use for what, by how much, and how surely. */
#include "harness/control.h"
#include "harness/html.h"
#include "harness/report_page.h"
#include "harness/report_standing.h"

#include "tests/cli.h"
#include "tests/stored.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(summary, .init = make_temporary, .fini = remove_temporary, .timeout = 120);

enum { ROUNDS = 10 };

/* Of the entries from `before` on, which are of one case, the rounds; and a control that did not
 * move, if it had one. */
static void add_rounds(json_t *root, int cached, const char *const *kernels, int count,
                       size_t before, bool control)
{
    static const double still[ROUNDS];
    json_t *names = json_array(), *entries = json_object_get(root, "benchmarks"), *entry;
    size_t n;
    for (int k = 0; k < count; k++)
        json_array_append_new(names, json_string(kernels[k]));
    json_array_foreach(entries, n, entry) if (n >= before)
        json_object_set_new(entry, "round", json_integer((json_int_t)((n - before) % ROUNDS)));
    json_array_append_new(json_object_get(stored_own(root), "controls"),
                          control_json(stored_case(cached), kernels[0], names, still,
                                       control ? ROUNDS : 0, control ? NULL : "none wanted"));
}

/* Kernels of one case, each taking so many ns, with a control that did not move if it had one. */
static void add_case(json_t *root, int cached, const char *const *kernels, const double *ns,
                     int count, bool control)
{
    size_t before = json_array_size(json_object_get(root, "benchmarks"));
    for (int k = 0; k < count; k++) {
        double times[ROUNDS];
        for (int i = 0; i < ROUNDS; i++)
            times[i] = ns[k] * (1 + 0.01 * (i % 3)); /* as the machine does to all of a round */
        stored_times(root, cached, kernels[k], times, ROUNDS, 100);
    }
    add_rounds(root, cached, kernels, count, before, control);
}

/* A result of the cases that follow. */
static json_t *begin(void)
{
    json_t *root = stored_result("X", "h");
    json_object_set_new(stored_own(root), "controls", json_array());
    return root;
}

/* The summary as Markdown says each of the texts. Takes the result over. */
static void expect_said(json_t *root, const char *const *said, int count)
{
    struct result_table table;
    struct mla_error error;
    char *text = NULL;
    size_t size = 0;
    cr_assert(result_table_take(root, "made-up", &table, &error) == 0, "%s", error.message);
    struct document doc = {
        .file = open_memstream(&text, &size), .format = &document_markdown, .folder = "."};
    report_summary(&doc, &table);
    fclose(doc.file);
    cr_assert(!doc.failed);
    for (int i = 0; i < count; i++)
        cr_assert(strstr(text, said[i]), "it does not say '%s':\n%s", said[i], text);
    free(text);
    result_table_destroy(&table);
}

static const char *const both[] = {"a", "b"};

Test(summary, a_winner_has_one_line_for_its_contexts)
{
    static const char *const said[] = {
        "In 3 of 3 cases with several kernels one is surely the fastest",
        ("| tiny, decode, fp32, 1 thread | 64 to 256 cached | a | 1.01 to 4.04 \xc2\xb5s | none | "
         "1.25 to 1.50 x (b) | sure in 3 of 3: 1.25 x at least | "),
        " | 0.1 | 100 |",
        "A/A control",
        "2 passed, 0 failed, 1 skipped",
    };
    json_t *root = begin();
    add_case(root, 256, both, (const double[]){4000, 5000}, 2, true);
    add_case(root, 64, both, (const double[]){1000, 1500}, 2, true);
    add_case(root, 128, both, (const double[]){2000, 2600}, 2, true);
    expect_said(root, said, sizeof said / sizeof said[0]);
}

Test(summary, a_range_does_not_reach_over_another_winner)
{
    static const char *const said[] = {
        "| 64, 256, 512 cached | a |",
        "| 128 cached | b |",
    };
    json_t *root = begin();
    add_case(root, 64, both, (const double[]){1000, 1500}, 2, true);
    add_case(root, 128, both, (const double[]){3000, 2000}, 2, true);
    add_case(root, 256, both, (const double[]){4000, 5000}, 2, true);
    add_case(root, 512, both, (const double[]){8000, 9000}, 2, true);
    expect_said(root, said, sizeof said / sizeof said[0]);
}

Test(summary, what_was_not_timed_did_not_lose)
{
    static const char *const said[] = {
        "| 64 cached | a |",
        "| 128 cached | c | 3.03 \xc2\xb5s | \\- | \\- | no other to compare with; a, used "
        "elsewhere, was not timed here |",
    };
    json_t *root = begin();
    add_case(root, 64, both, (const double[]){1000, 1500}, 2, true);
    add_case(root, 128, (const char *const[]){"c"}, (const double[]){3000}, 1, true);
    expect_said(root, said, sizeof said / sizeof said[0]);
}

Test(summary, a_lead_that_is_not_sure_is_no_win)
{
    static const char *const said[] = {
        "In 0 of 1 cases",
        "| 64 cached | a (not surely) | 1.01 \xc2\xb5s | unknown | \\- | unresolved: no control |",
    };
    json_t *root = begin();
    add_case(root, 64, both, (const double[]){1000, 1500}, 2, false);
    expect_said(root, said, sizeof said / sizeof said[0]);
}

/* Kernels that the rounds do not tell apart, though there are enough of them: one is named first
 * for all contexts, wherever it is not surely slower, and the others beside it. */
Test(summary, kernels_that_are_not_told_apart_share_a_line)
{
    static const char *const said[] = {
        "In 1 of 3 cases with several kernels one is surely the fastest of all",
        ("| 64 to 256 cached | b | 1.01 to 3.03 \xc2\xb5s | a (2 of 3) | 1.50 to 2.00 x (several) "
         "| sure in 3 of 3: 1.50 x at least |"),
    };
    static const char *const three[] = {"a", "b", "c"};
    json_t *root = begin();
    add_case(root, 64, three, (const double[]){1000, 1000, 2000}, 3, true);
    add_case(root, 128, three, (const double[]){2000, 2000, 4000}, 3, true);
    add_case(root, 256, three, (const double[]){4500, 3000, 6000}, 3, true);
    expect_said(root, said, sizeof said / sizeof said[0]);
}

/* Kernels a, b and c, which take `ns`, and in rounds 7 to 9 `late` instead. */
static void add_uneven(json_t *root, int cached, const double *ns, const double *late)
{
    static const char *const names[] = {"a", "b", "c"};
    size_t before = json_array_size(json_object_get(root, "benchmarks"));
    for (int k = 0; k < 3; k++) {
        double times[ROUNDS];
        for (int i = 0; i < ROUNDS; i++)
            times[i] = i < 7 ? ns[k] : late[k];
        stored_times(root, cached, names[k], times, ROUNDS, 100);
    }
    add_rounds(root, cached, names, 3, before, true);
}

/* One that is level with the fastest keeps it from being surely so, whatever its own median; and
 * one that a third is surely faster than is not named for it. */
Test(summary, the_fastest_of_all_is_faster_than_each)
{
    static const char *const third_is_level[] = {
        "In 0 of 1 cases with several kernels one is surely the fastest of all",
        "| 64 cached | a | 1.00 \xc2\xb5s | c | 1.50 x (b) | sure: 1.50 x at least |",
    };
    static const char *const third_is_beaten[] = {
        "| 64 cached | a (not surely) | 1.00 \xc2\xb5s | b, c | \\- | no other is surely slower |",
        "| 128 cached | c | 1.00 \xc2\xb5s | none | 2.00 x (",
    };
    /* Level with b, c takes too long to be named for it where it is the fastest once. */
    static const char *const third_is_slow[] = {
        "| 64 cached | b | 1.00 \xc2\xb5s | c | 3.00 x (a) |",
        "| 128 cached | c | 1.00 \xc2\xb5s | none |",
    };
    struct result_table table;
    struct mla_error error;
    json_t *root = begin();
    add_uneven(root, 64, (const double[]){1000, 1500, 1600}, (const double[]){1000, 1500, 900});
    cr_assert(result_table_take(json_incref(root), "made-up", &table, &error) == 0, "%s",
              error.message);
    struct standing standing = standing_of(&table, &table.rows[0]);
    cr_assert(!strcmp(standing.second->kernel, "b") && !standing.sure && standing.contest.why);
    result_table_destroy(&table);
    expect_said(root, third_is_level, 2);
    root = begin();
    add_uneven(root, 64, (const double[]){3000, 1000, 1600}, (const double[]){3000, 1000, 900});
    add_uneven(root, 128, (const double[]){2000, 2000, 1000}, (const double[]){2000, 2000, 1000});
    expect_said(root, third_is_slow, 2);
    root = begin();
    add_uneven(root, 64, (const double[]){1000, 1010, 1090}, (const double[]){1300, 1010, 1090});
    add_uneven(root, 128, (const double[]){2000, 2000, 1000}, (const double[]){2000, 2000, 1000});
    expect_said(root, third_is_beaten, 2);
}

/* `auto` calls one of the others, and is no rival of what it calls; of others it is one. */
Test(summary, what_chooses_does_not_compete_with_what_it_chose)
{
    static const char *const left_out[] = {
        "| 64 cached | a | 1.01 \xc2\xb5s | none | 1.50 x (b) | sure: 1.50 x at least |",
        "auto, which calls one of the vector kernels, is left out",
        "(1 of its rows)",
    };
    static const char *const competes[] = {
        "| 64 cached | auto | 1.01 \xc2\xb5s | none | 1.20 x (b) | sure: 1.20 x at least |",
    };
    static const char *const of_another_speed[] = {
        "| 64 cached | int8 | 1.01 \xc2\xb5s | none | 1.18 x (auto) | sure: 1.18 x at least |",
    };
    json_t *root = begin();
    add_case(root, 64, (const char *const[]){"int8", "auto", "b"},
             (const double[]){1000, 1180, 1280}, 3, true);
    expect_said(root, of_another_speed, 1);
    root = begin();
    add_case(root, 64, (const char *const[]){"a", "b", "auto"}, (const double[]){1000, 1500, 1000},
             3, true);
    expect_said(root, left_out, sizeof left_out / sizeof left_out[0]);
    root = begin();
    add_case(root, 64, (const char *const[]){"b", "auto"}, (const double[]){1200, 1000}, 2, true);
    expect_said(root, competes, sizeof competes / sizeof competes[0]);
}

/* The table behind a drawing says what its file says, whatever that is. */
Test(summary, numbers_behind_a_drawing)
{
    static const char *const said[] = {
        "<th scope=\"col\" data-name=\"row\" hidden>row</th>",
        "<th scope=\"col\" data-name=\"q1_s\">q1</th>",
        "<tr data-panel=\"0\" data-block=\"1\"><td>one</td><td>a</td><td hidden data-value=\"0\">0"
        "</td><td>&lt;b&gt;</td><td class=\"r\" data-value=\"0.0012\">1.20 ms</td></tr>",
        "<tr data-panel=\"1\" data-block=\"3\"><td>two</td><td>a</td><td hidden data-value=\"1\">1"
        "</td><td>1e3</td><td class=\"r\">-</td></tr>",
        "<td>two</td><td>a</td><td hidden data-value=\"2\">2</td><td></td><td></td></tr>",
    };
    char path[128], *text = NULL;
    size_t size = 0;
    write_file("plot.tsv", "# row\tkernel\tq1_s\n\n\n"
                           "# in one\n# a\n0\t<b>\t0.0012\n0\t<b>\t0.0012\n\n\n"
                           "# (aside)\n7\tno row\t1\n\n\n"
                           "# in two\n# a\n1\t1e3\tNaN\n2\n\n\n"
                           "# in two\n# b\nNaN\tNaN\tNaN\n");
    snprintf(path, sizeof path, "%s/plot.tsv", folder);
    FILE *file = open_memstream(&text, &size);
    cr_assert(html_data(file, path));
    cr_assert(html_data(file, "/nonexistent"));
    fclose(file);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        cr_assert(strstr(text, said[i]), "it does not say '%s':\n%s", said[i], text);
    int rows = 0;
    for (const char *at = text; (at = strstr(at, "<tr data-")); at++)
        rows++;
    cr_assert(rows == 3 && !strstr(text, "no row"), "%d rows:\n%s", rows, text);
    free(text);
}

/* A drawing's script told where the marks are: linear across, logarithmic up, of two panels. */
Test(summary, places_of_marks)
{
    static const char *const said[] = {
        "<tr data-panel=\"0\" data-block=\"1\" data-at=\"100.0,50.0\"><td>one</td>",
        "<tr data-panel=\"0\" data-block=\"1\"><td>one</td><td>a</td><td>second",
        "data-block=\"2\" data-at=\"150.0,400.0 200.0,300.0\"><td>two</td>",
    };
    char path[128], *text = NULL;
    size_t size = 0;
    write_file("plot.tsv", "# x\n\n\n"
                           "# in one\n# a\nfirst\nsecond\n\n\n"
                           "# in two\n# a\nNaN\nthird\n");
    write_file("plot.marks", "axes 0 200 100 0 -1 1 1 100 0 1\n1 0 0 10\n"
                             "1 1 3 10\n1 1 0 0\nno mark\n\n" /* outside, and what is none */
                             "axes 100 200 400 200 0 10 0 1 0 0\n2 1 5 0\n2 1 10 0.5\n");
    snprintf(path, sizeof path, "%s/plot.tsv", folder);
    FILE *file = open_memstream(&text, &size);
    cr_assert(html_data(file, path));
    fclose(file);
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        cr_assert(strstr(text, said[i]), "it does not say '%s':\n%s", said[i], text);
    free(text);
}
