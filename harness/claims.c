/* SPDX-License-Identifier: MIT */
#include "harness/claims.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

extern const struct claim claim_cache, claim_context, claim_work, claim_quality, claim_training,
    claim_rope, claim_article;

static const struct claim *const claims[] = {&claim_cache,   &claim_context,  &claim_work,
                                             &claim_quality, &claim_training, &claim_rope,
                                             &claim_article};

const char *const claim_verdicts[] = {
    [CLAIM_HOLDS] = "holds",
    [CLAIM_CONDITIONS] = "holds under conditions",
    [CLAIM_FAILS] = "does not hold",
    [CLAIM_UNMEASURED] = "not measured",
};

json_t *claims_judge(const struct result_table *table)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        json_t *claim =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[], s:[]}", "id", claims[i]->id,
                      "claim", claims[i]->says, "criterion", claims[i]->criterion, "baseline", "",
                      "measured", "", "verdict", claim_verdicts[CLAIM_UNMEASURED], "figure",
                      claims[i]->figure, "evidence", "missing");
        claims[i]->judge(table, claim);
        json_array_append_new(list, claim);
    }
    return list;
}

void claim_verdict(json_t *claim, enum verdict_of_claim verdict)
{
    json_object_set_new(claim, "verdict", json_string(claim_verdicts[verdict]));
}

void claim_say(json_t *claim, const char *key, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_object_set_new(claim, key, json_string(text));
}

void claim_evidence(json_t *claim, const char *unit, double value, const char *name_format, ...)
{
    char name[256];
    va_list arguments;
    va_start(arguments, name_format);
    vsnprintf(name, sizeof name, name_format, arguments);
    va_end(arguments);
    json_array_append_new(json_object_get(claim, "evidence"),
                          json_pack("{s:s, s:o, s:s}", "name", name, "value",
                                    isfinite(value) ? json_real(value) : json_null(), "unit",
                                    unit));
}

void claim_missing(json_t *claim, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_array_append_new(json_object_get(claim, "missing"), json_string(text));
}

const json_t *claim_study(const struct result_table *table, json_t *claim, const char *name)
{
    const json_t *study = json_object_get(json_object_get(table->mlabench, "studies"), name);
    if (!json_is_object(study)) {
        claim_missing(claim, "the study `%s' is not in this result", name);
        return NULL;
    }
    return study;
}

double study_figure_of(const json_t *study, const char *name)
{
    return result_number(json_object_get(study, "figures"), name);
}

const json_t *study_value(const json_t *study, size_t row, const char *column)
{
    const json_t *columns = json_object_get(study, "columns");
    for (size_t i = 0; i < json_array_size(columns); i++)
        if (!strcmp(result_text(json_array_get(columns, i), "name"), column))
            return json_array_get(json_array_get(json_object_get(study, "rows"), row), i);
    return NULL;
}

const char *study_text(const json_t *study, size_t row, const char *column)
{
    const char *text = json_string_value(study_value(study, row, column));
    return text ? text : "";
}

double study_number(const json_t *study, size_t row, const char *column)
{
    const json_t *value = study_value(study, row, column);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

size_t study_rows(const json_t *study)
{
    return json_array_size(json_object_get(study, "rows"));
}
