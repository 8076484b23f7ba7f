/* SPDX-License-Identifier: MIT */
#include "harness/suspect.h"

#include "harness/software_events.h"

/* How often each hardware counter was read, until one reads more than 0: then -1. A new
 * reference. */
static json_t *count_zeros(const json_t *benchmarks)
{
    json_t *zeros = json_object(), *value;
    const char *name;
    for (size_t i = 0; i < json_array_size(benchmarks); i++) {
        json_t *counters = json_object_get(json_array_get(benchmarks, i), "counters");
        json_object_foreach(counters, name, value)
        {
            json_int_t before = json_integer_value(json_object_get(zeros, name));
            if (json_is_integer(value) && before >= 0 && !software_event_find(name))
                json_object_set_new(zeros, name,
                                    json_integer(json_integer_value(value) ? -1 : before + 1));
        }
    }
    return zeros;
}

json_t *suspect_counters(const json_t *benchmarks)
{
    json_t *zeros = count_zeros(benchmarks), *list = json_array(), *times;
    const char *name;
    json_object_foreach(zeros, name, times) if (json_integer_value(times) > 0)
        json_array_append_new(
            list, json_pack("{s:s, s:o}", "name", name, "reason",
                            json_sprintf("read 0 in all of %d repetitions: the machine accepts "
                                         "the event and perhaps does not count it",
                                         (int)json_integer_value(times))));
    json_decref(zeros);
    return list;
}
