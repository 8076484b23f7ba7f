/* SPDX-License-Identifier: MIT */
#include "harness/criteria_finding.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void finding_notice(struct finding *finding, const char *case_name, const char *format, ...)
{
    char what[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (finding->kind == NOTICED)
        return; /* the first reason is the one to look at */
    finding->kind = NOTICED;
    snprintf(finding->reason, sizeof finding->reason, "%s: %s", case_name, what);
}

void finding_take(struct finding *finding, const char *case_name, const char *array,
                  const struct acceptance *acceptance)
{
    if (finding->kind == NOT_RUN)
        *finding = (struct finding){.kind = NOT_NOTICED};
    finding->figure = fmax(finding->figure, acceptance->figure);
    if (!acceptance->accepted)
        finding_notice(finding, case_name, "%s: %s", array, acceptance->why);
}

json_t *finding_json(const struct finding *finding)
{
    bool ran = finding->kind != NOT_RUN, finite = isfinite(finding->figure);
    json_t *reason = json_string(finding->reason);
    return json_pack("{s:o, s:o, s:o}", "noticed",
                     ran ? json_boolean(finding->kind == NOTICED) : json_null(), "reason",
                     reason ? reason : json_string("a reason that is not UTF-8"), "figure",
                     ran && finite ? json_real(finding->figure) : json_null());
}

void finding_read(const json_t *json, struct finding *finding)
{
    const json_t *noticed = json_object_get(json, "noticed");
    const json_t *figure = json_object_get(json, "figure");
    const char *reason = json_string_value(json_object_get(json, "reason"));
    *finding =
        (struct finding){.kind = json_is_null(noticed)   ? NOT_RUN
                                 : json_is_true(noticed) ? NOTICED
                                                         : NOT_NOTICED,
                         .figure = json_is_number(figure) ? json_number_value(figure) : INFINITY};
    snprintf(finding->reason, sizeof finding->reason, "%s", reason ? reason : "");
}
