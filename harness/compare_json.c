/* SPDX-License-Identifier: MIT */
#include "harness/compare_report.h"

#include <math.h>

/* Null where it is not finite. */
static json_t *figure(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

/* Null where it is not known. */
static json_t *count(int64_t x)
{
    return x >= 0 ? json_integer(x) : json_null();
}

/* A text that was cut within a character is no JSON. */
static json_t *text(const char *words)
{
    json_t *string = json_string(words);
    return string ? string : json_string("?");
}

static double percent(double log_ratio)
{
    return 100 * expm1(log_ratio);
}

static json_t *interval(const double ends[2])
{
    return json_pack("{s:o, s:o}", "low_pct", figure(percent(ends[0])), "high_pct",
                     figure(percent(ends[1])));
}

static json_t *times_json(const struct compare_times *t)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "median_pct",
                     figure(percent(t->ratio)), "low_pct", figure(percent(t->low)), "high_pct",
                     figure(percent(t->high)), "rank", interval(t->rank), "bootstrap",
                     interval(t->drawn), "fma_peak_pct", figure(percent(-t->peak)), "others_pct",
                     figure(percent(t->others)), "control_pct", figure(percent(t->control)));
}

/* Counters of which both runs have a count in every repetition. */
static json_t *counters_json(const struct result_row *before, const struct result_row *after)
{
    json_t *counters = json_object(), *unused;
    const char *name;
    json_object_foreach(json_object_get(before->repetitions[0], "counters"), name, unused)
    {
        double one = compare_counter(before, name), other = compare_counter(after, name);
        if (isfinite(one) && isfinite(other))
            json_object_set_new(counters, name,
                                json_pack("{s:f, s:f}", "before", one, "after", other));
    }
    return counters;
}

static json_t *side_json(const struct result_row *row)
{
    const struct result_kv_cache *cache = &row->kv_cache;
    json_t *bytes = json_pack("{s:o, s:o, s:o}", "predicted", count(cache->predicted), "allocated",
                              count(cache->allocated), "touched", count(cache->touched));
    return json_pack("{s:f, s:i, s:o, s:o, s:o, s:o}", "median_ns", row->ns.median, "repetitions",
                     row->count, "pct_fma_peak", figure(row->pct_fma_peak.median),
                     "core_pct_fma_peak", figure(row->core_pct_fma_peak.median), "error",
                     figure(compare_error(row)), "kv_cache", bytes);
}

static json_t *row_json(const struct comparison *c, const struct compare_row *one)
{
    const struct result_row *before = one->row->of[0], *after = one->row->of[1];
    const char *why = c->difference_count ? NULL : one->times.why;
    json_t *row = json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:b, s:b, s:o}", "case",
                            json_stringn(after->name, (size_t)result_case_length(after)), "kernel",
                            text(after->kernel), "verdict", compare_verdict(c, one), "reason",
                            why ? why : "", "before", side_json(before), "after", side_json(after),
                            "cache_grew", one->cache_grew, "error_grew", one->error_grew,
                            "counters", counters_json(before, after));
    if (c->difference_count == 0)
        json_object_set_new(row, "change", times_json(&one->times));
    return row;
}

static json_t *run_json(const struct stored_run *run)
{
    static const char *const keys[] = {"suite",    "seed",  "version", "commit", "dirty",
                                       "compiler", "flags", "blas",    "started"};
    json_t *all = json_pack("{s:o, s:o}", "file", text(run->path), "label", text(run->label));
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        json_object_set_new(all, keys[i],
                            json_deep_copy(json_object_get(run->table.mlabench, keys[i])));
    return all;
}

static json_t *summary_json(const struct comparison *c)
{
    struct compare_counts counts = comparison_count(c);
    json_t *all = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "comparisons", counts.rows,
                            "larger_cache", counts.cache, "larger_error", counts.error,
                            "newly_failing", counts.broken, "only_before", counts.only[0],
                            "only_after", counts.only[1], "regressions", counts.regressions);
    for (int v = 0; v <= GATE_UNRESOLVED; v++)
        json_object_set_new(all, gate_verdict_names[v], json_integer(counts.verdicts[v]));
    return all;
}

/* Those of one run alone: 0 before, 1 after. */
static json_t *only_json(const struct comparison *c, int run)
{
    json_t *list = json_array();
    for (int i = 0; i < c->lineup.count; i++) {
        const struct lineup_row *row = &c->lineup.rows[i];
        if (row->runs < 2 && row->of[run])
            json_array_append_new(list, json_pack("{s:o, s:o}", "name", text(row->any->name),
                                                  "reason", text(compare_absence(c, row))));
    }
    return list;
}

json_t *compare_json(const struct comparison *c)
{
    json_t *rows = json_array(), *differences = json_array(), *failing = json_array();
    for (int i = 0; i < c->count; i++)
        json_array_append_new(rows, row_json(c, &c->rows[i]));
    for (int i = 0; i < c->difference_count; i++)
        json_array_append_new(differences,
                              json_pack("{s:s, s:o, s:o}", "field", c->differences[i].what,
                                        "before", text(c->differences[i].one), "after",
                                        text(c->differences[i].other)));
    for (int i = 0; i < c->broken_count; i++)
        json_array_append_new(failing, json_pack("{s:o, s:o}", "name",
                                                 text(result_text(c->broken[i], "name")), "reason",
                                                 text(result_text(c->broken[i], "reason"))));
    return json_pack("{s:o, s:o, s:b, s:o, s:b, s:f, s:o, s:o, s:o, s:o, s:o}", "before",
                     run_json(&c->runs->items[0]), "after", run_json(&c->runs->items[1]),
                     "same_machine", c->difference_count == 0, "differences", differences,
                     "same_inputs", c->same_inputs, "limit_pct", 100 * c->limit, "summary",
                     summary_json(c), "comparisons", rows, "only_before", only_json(c, 0),
                     "only_after", only_json(c, 1), "newly_failing", failing);
}
