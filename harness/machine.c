/* SPDX-License-Identifier: MIT */
#include "harness/machine.h"

#include "harness/result_table.h"
#include "harness/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void machine_caches(const json_t *caches, char *text, size_t size)
{
    size_t used = 0, i;
    json_t *cache;
    text[0] = 0;
    json_array_foreach(caches, i, cache)
    {
        if (used >= size)
            break;
        used += (size_t)snprintf(text + used, size - used, "%sL%d %.16s %s", used ? ", " : "",
                                 (int)result_count(cache, "level"), result_text(cache, "type"),
                                 unit_bytes(result_number(cache, "size")).s);
    }
}

static const struct {
    const char *what;
    const char *in; /* the object of the context that holds it, NULL: the context itself */
    const char *within, *key;
    bool of_kind;
} fields[MACHINE_FIELDS] = {
    {"CPU", "mlabench", NULL, "cpu", true},
    {"CPUs", NULL, NULL, "num_cpus", true},
    {"caches", NULL, NULL, "caches", true},
    {"instruction set", "mlabench", NULL, "isa", true},
    {"frequency governor", "mlabench", NULL, "governor", true},
    {"huge pages", "mlabench", "memory", "huge_pages", true},
    {"NUMA", "mlabench", "memory", "numa", true},
    {"host", NULL, NULL, "host_name", false},
};

static const json_t *value_of(const json_t *context, int field)
{
    const json_t *object = context;
    if (fields[field].in)
        object = json_object_get(object, fields[field].in);
    if (fields[field].within)
        object = json_object_get(object, fields[field].within);
    const json_t *value = json_object_get(object, fields[field].key);
    return json_is_null(value) ? NULL : value;
}

static void describe(const json_t *value, char *text, size_t size)
{
    char *dump = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (json_is_array(value))
        machine_caches(value, text, size);
    else
        snprintf(text, size, "%s",
                 json_is_string(value) ? json_string_value(value)
                 : dump                ? dump
                                       : "not known");
    free(dump);
}

int machine_differences(const json_t *one, const json_t *other, bool kind_alone,
                        struct machine_difference differences[MACHINE_FIELDS])
{
    int count = 0;
    for (int i = 0; i < MACHINE_FIELDS; i++) {
        const json_t *a = value_of(one, i), *b = value_of(other, i);
        if ((!a && !b) || json_equal(a, b) || (kind_alone && !fields[i].of_kind))
            continue;
        struct machine_difference *d = &differences[count++];
        d->what = fields[i].what;
        describe(a, d->one, sizeof d->one);
        describe(b, d->other, sizeof d->other);
    }
    return count;
}
