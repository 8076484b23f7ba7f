/* SPDX-License-Identifier: MIT */
#include "harness/junit.h"

#include "harness/out_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the character that begins here, 0 if it is none that XML 1.0 allows: invalid UTF-8,
 * controls, surrogates, U+FFFE and U+FFFF (sec. 2.2). The text ends in a NUL, which never continues
 * a character. */
static size_t character(const unsigned char *c)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least; /* of so many bytes: shorter spellings are invalid */
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t more = 0; more < 4; more++) {
        if ((c[0] & forms[more].mask) != forms[more].lead)
            continue;
        uint32_t code = c[0] & (unsigned char)~forms[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if ((c[i] & 0xc0) != 0x80)
                return 0;
            code = code << 6 | (c[i] & 0x3f);
        }
        bool control = code < ' ' && code != '\t' && code != '\n' && code != '\r';
        bool excluded = (code >= 0xd800 && code < 0xe000) || code == 0xfffe || code == 0xffff;
        return control || excluded || code < forms[more].least || code > 0x10ffff ? 0 : more + 1;
    }
    return 0;
}

/* Text inside an element or an attribute. What XML cannot hold becomes U+FFFD; white space is
 * spelled out, as an attribute's value would lose it. */
static void escaped(FILE *file, const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    while (*c) {
        size_t bytes = character(c);
        if (bytes == 0)
            fputs("\xef\xbf\xbd", file);
        else if (bytes == 1 && (strchr("&<>\"'", *c) || *c < ' ' || *c == 127))
            fprintf(file, "&#%d;", *c);
        else
            fwrite(c, 1, bytes, file);
        c += bytes ? bytes : 1;
    }
}

static void attribute(FILE *file, const char *name, const char *text)
{
    fprintf(file, " %s=\"", name);
    escaped(file, text);
    fputc('"', file);
}

/* What became of one case: one or more outcomes, of which the first says it. */
struct testcase {
    const struct outcome *first;
    int place; /* of the earliest among the tally's outcomes */
    int failures;
    double seconds;
};

struct counts {
    int tests, failures, skipped;
    double seconds;
};

static int by_case(const void *one, const void *other)
{
    const struct testcase *a = one, *b = other;
    int order = a->first->kernel - b->first->kernel;
    if (!order)
        order = strcmp(a->first->case_name, b->first->case_name);
    return order ? order : a->place - b->place;
}

static int by_place(const void *one, const void *other)
{
    const struct testcase *a = one, *b = other;
    int order = a->first->kernel - b->first->kernel;
    return order ? order : a->place - b->place;
}

/* Merges the outcomes that follow each other about one kernel and case; returns how many are left.
 * What was skipped says least, then what passed. */
static int merge(struct testcase *cases, int count)
{
    static const int weights[] = {
        [OUTCOME_SKIPPED] = 0, [OUTCOME_PASSED] = 1, [OUTCOME_FAILED] = 2};
    int kept = 0;
    for (int i = 0; i < count; i++) {
        struct testcase *last = kept ? &cases[kept - 1] : NULL;
        const struct outcome *outcome = cases[i].first;
        if (!last || last->first->kernel != outcome->kernel ||
            strcmp(last->first->case_name, outcome->case_name) != 0) {
            cases[kept++] = cases[i];
            continue;
        }
        last->failures += cases[i].failures;
        if (last->seconds < outcome->seconds)
            last->seconds = outcome->seconds;
        if (weights[outcome->kind] > weights[last->first->kind])
            last->first = outcome;
    }
    return kept;
}

/* One per kernel and case, kernel by kernel in the order in which they came. Malloc'ed, NULL
 * without memory. */
static struct testcase *gather(const struct tally *tally, int *count)
{
    struct testcase *cases = calloc((size_t)tally->outcome_count + 1, sizeof *cases);
    for (int i = 0; cases && i < tally->outcome_count; i++) {
        const struct outcome *outcome = &tally->outcomes[i];
        cases[i] = (struct testcase){.first = outcome,
                                     .place = i,
                                     .failures = outcome->kind == OUTCOME_FAILED,
                                     .seconds = outcome->seconds};
    }
    if (!cases)
        return NULL;
    qsort(cases, (size_t)tally->outcome_count, sizeof *cases, by_case);
    *count = merge(cases, tally->outcome_count);
    qsort(cases, (size_t)*count, sizeof *cases, by_place);
    return cases;
}

/* Of one kernel, or with -1 of all. */
static struct counts count_cases(const struct testcase *cases, int count, int kernel)
{
    struct counts counts = {0};
    for (int i = 0; i < count; i++) {
        if (kernel >= 0 && cases[i].first->kernel != kernel)
            continue;
        counts.tests++;
        counts.failures += cases[i].first->kind == OUTCOME_FAILED;
        counts.skipped += cases[i].first->kind == OUTCOME_SKIPPED;
        counts.seconds += cases[i].seconds;
    }
    return counts;
}

static void write_counts(FILE *file, const struct counts *counts)
{
    fprintf(file, " tests=\"%d\" failures=\"%d\" errors=\"0\" skipped=\"%d\" time=\"%.6f\"",
            counts->tests, counts->failures, counts->skipped, counts->seconds);
}

/* Every failure that was merged into it. */
static void write_failure(FILE *file, const struct testcase *testcase, const struct tally *tally)
{
    const struct outcome *first = testcase->first;
    char message[800], more[48] = "";
    if (testcase->failures > 1)
        snprintf(more, sizeof more, " (and %d more)", testcase->failures - 1);
    snprintf(message, sizeof message, "%s: %s%s", first->check, first->reason, more);
    fputs("      <failure", file);
    attribute(file, "message", message);
    attribute(file, "type", first->check);
    fputc('>', file);
    int left = testcase->failures;
    for (int i = testcase->place; left > 0 && i < tally->outcome_count; i++) {
        const struct outcome *outcome = &tally->outcomes[i];
        if (outcome->kind != OUTCOME_FAILED || outcome->kernel != first->kernel ||
            strcmp(outcome->case_name, first->case_name) != 0)
            continue;
        escaped(file, outcome->check);
        fputs(": ", file);
        escaped(file, outcome->reason);
        if (outcome->reproduce)
            fputs("\nagain with: ", file);
        escaped(file, outcome->reproduce ? outcome->reproduce : "");
        fputc('\n', file);
        left--;
    }
    fputs("</failure>\n    </testcase>\n", file);
}

static void write_testcase(FILE *file, const struct testcase *testcase, const char *kernel,
                           const struct tally *tally)
{
    const struct outcome *outcome = testcase->first;
    fputs("    <testcase classname=\"mlabench.", file);
    escaped(file, kernel);
    fputc('"', file);
    attribute(file, "name", outcome->case_name);
    fprintf(file, " time=\"%.6f\"", testcase->seconds);
    fputs(outcome->kind == OUTCOME_PASSED ? "/>\n" : ">\n", file);
    if (outcome->kind == OUTCOME_FAILED) {
        write_failure(file, testcase, tally);
    } else if (outcome->kind == OUTCOME_SKIPPED) {
        fputs("      <skipped", file);
        attribute(file, "message", outcome->reason);
        fputs("/>\n    </testcase>\n", file);
    }
}

/* A text or a number; what is neither is left out. */
static void write_property(FILE *file, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    char number[32];
    snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
    if (!json_is_integer(value) && !json_is_string(value))
        return;
    fputs("      <property", file);
    attribute(file, "name", name);
    attribute(file, "value", json_is_integer(value) ? number : json_string_value(value));
    fputs("/>\n", file);
}

/* Attributes and properties that say what the figures are of. */
static void write_origin(FILE *file, const json_t *context)
{
    static const char *const names[] = {"version", "commit", "seed", "suite", "cpu"};
    const json_t *own = json_object_get(context, "mlabench");
    const char *started = json_string_value(json_object_get(own, "started"));
    const char *host = json_string_value(json_object_get(context, "host_name"));
    char timestamp[sizeof "2000-01-01T00:00:00"]; /* JUnit's schema takes no time zone */
    snprintf(timestamp, sizeof timestamp, "%s", started ? started : "");
    attribute(file, "timestamp", timestamp);
    attribute(file, "hostname", host ? host : "");
    fputs(">\n    <properties>\n", file);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        write_property(file, own, names[i]);
    fputs("    </properties>\n", file);
}

static void write_all(FILE *file, const char *title, const struct testcase *cases, int count,
                      const struct tally *tally, const struct catalogue *catalogue,
                      const json_t *context)
{
    struct counts counts = count_cases(cases, count, -1);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", file);
    attribute(file, "name", title);
    write_counts(file, &counts);
    fputs(">\n", file);
    for (int i = 0; i < count; i++) {
        int kernel = cases[i].first->kernel;
        const char *name = catalogue->names[kernel];
        if (i == 0 || cases[i - 1].first->kernel != kernel) {
            counts = count_cases(cases, count, kernel);
            fputs("  <testsuite", file);
            attribute(file, "name", name);
            write_counts(file, &counts);
            write_origin(file, context);
        }
        write_testcase(file, &cases[i], name, tally);
        if (i + 1 == count || cases[i + 1].first->kernel != kernel)
            fputs("  </testsuite>\n", file);
    }
    fputs("</testsuites>\n", file);
}

int junit_check(const char *path, struct mla_error *error)
{
    struct out_file out;
    int code = out_replace(&out, path, error);
    if (!code)
        out_discard(&out);
    return code;
}

int junit_write(const char *path, const char *title, const struct tally *tally,
                const struct catalogue *catalogue, const json_t *context, struct mla_error *error)
{
    struct out_file out;
    int count = 0;
    struct testcase *cases = tally->incomplete ? NULL : gather(tally, &count);
    if (!cases)
        return mla_fail(error, MLA_MACHINE, "cannot write %s: no memory for every outcome", path);
    int code = out_replace(&out, path, error);
    if (!code) {
        write_all(out.file, title, cases, count, tally, catalogue, context);
        code = out_close(&out, error);
    }
    free(cases);
    return code;
}
