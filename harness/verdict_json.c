/* SPDX-License-Identifier: MIT */
#include "harness/verdict_json.h"

#include <math.h>

/* JSON has no infinity: a figure that is not finite is null, and the reason says what it was. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *pair(double max_abs, double rms_rel)
{
    return json_pack("{s:o, s:o}", "max_abs", number(max_abs), "rms_rel", number(rms_rel));
}

json_t *verdict_json(const struct verdict *v)
{
    json_t *error = json_pack(
        "{s:o, s:f, s:o, s:o, s:o, s:o, s:o, s:{s:i, s:I, s:i, s:i}, s:I, s:I}", "ratio",
        number(v->ratio), "limit", VERIFY_LIMIT, "lse_ratio", number(v->lse_ratio), "max_abs",
        number(v->max_abs), "max_rel", number(v->max_rel), "rms_rel", number(v->rms_rel),
        "lse_max_abs", number(v->lse_max_abs), "worst", "seq", v->worst.seq, "token",
        (json_int_t)v->worst.token, "head", v->worst.head, "dim", v->worst.dim, "queries_checked",
        (json_int_t)v->queries_checked, "queries", (json_int_t)v->queries);
    if (v->lossy) {
        json_object_set_new(error, "format", pair(v->format_max_abs, v->format_rms_rel));
        json_object_set_new(error, "total", pair(v->total_max_abs, v->total_rms_rel));
    }
    json_t *cache =
        json_pack("{s:I, s:I, s:I, s:I}", "predicted", (json_int_t)v->predicted, "allocated",
                  (json_int_t)v->allocated, "touched", (json_int_t)v->touched, "per_token",
                  (json_int_t)v->predicted_per_token);
    return json_pack("{s:b, s:s, s:i, s:o, s:o, s:f, s:I}", "passed", v->passed, "reason",
                     v->reason, "fault", (int)v->fault, "error", error, "kv_cache", cache,
                     "attend_ns", v->attend_ns, "digest", (json_int_t)v->digest);
}
