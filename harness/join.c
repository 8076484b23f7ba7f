/* SPDX-License-Identifier: MIT */
#include "harness/join.h"

#include "harness/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef json_t *rule(const json_t *const *values, int count);

static json_t *first(const json_t *const *values, int count)
{
    (void)count;
    return json_deep_copy(values[0]);
}

/* Of the texts the first in alphabetical order, or with sign -1 the last. */
static json_t *extreme(const json_t *const *values, int count, int sign)
{
    const json_t *found = values[0];
    for (int i = 1; i < count; i++) {
        if (!json_is_string(values[i]))
            continue;
        int order = json_is_string(found)
                        ? strcmp(json_string_value(values[i]), json_string_value(found))
                        : -sign;
        if (sign > 0 ? order < 0 : order > 0)
            found = values[i];
    }
    return json_deep_copy(found);
}

static json_t *earliest(const json_t *const *values, int count)
{
    return extreme(values, count, 1);
}

static json_t *latest(const json_t *const *values, int count)
{
    return extreme(values, count, -1);
}

static json_t *all_true(const json_t *const *values, int count)
{
    bool all = true;
    for (int i = 0; i < count; i++)
        all = all && json_is_true(values[i]);
    return json_boolean(all);
}

static json_t *any_true(const json_t *const *values, int count)
{
    bool any = false;
    for (int i = 0; i < count; i++)
        any = any || json_is_true(values[i]);
    return json_boolean(any);
}

static json_t *sum(const json_t *const *values, int count)
{
    json_int_t total = 0;
    for (int i = 0; i < count; i++)
        if (__builtin_add_overflow(total, json_integer_value(values[i]), &total))
            return json_null();
    return json_integer(total);
}

static int alphabetical(const void *one, const void *other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

/* "a, b" */
static json_t *names(const json_t *const *values, int count)
{
    const char **sorted = calloc((size_t)count, sizeof *sorted);
    json_t *joined = json_string("");
    for (int i = 0; i < count && sorted; i++)
        sorted[i] = json_is_string(values[i]) ? json_string_value(values[i]) : "?";
    if (sorted)
        qsort(sorted, (size_t)count, sizeof *sorted, alphabetical);
    for (int i = 0; i < count && sorted; i++) {
        if (i > 0 && strcmp(sorted[i], sorted[i - 1]) == 0)
            continue;
        json_t *longer =
            json_sprintf("%s%s%s", json_string_value(joined), i > 0 ? ", " : "", sorted[i]);
        json_decref(joined);
        joined = longer;
    }
    free(sorted);
    return joined;
}

static const struct {
    const char *key;
    bool scalars_alone; /* lists of that name are joined as lists */
    rule *join;
} rules[] = {
    {"date", true, earliest},      {"started", true, earliest},     {"finished", true, latest},
    {"complete", true, all_true},  {"interrupted", true, any_true}, {"passed", true, sum},
    {"failed", true, sum},         {"skipped", true, sum},          {"host_name", true, names},
    {"command_line", true, first}, {"executable", true, first},     {"mhz_per_cpu", true, first},
    {"load_avg", false, first},
};

static bool all_are(bool (*is)(const json_t *), const json_t *const *values, int count)
{
    for (int i = 0; i < count; i++)
        if (!is(values[i]))
            return false;
    return true;
}

static bool is_list(const json_t *value)
{
    return json_is_array(value);
}

static bool is_object(const json_t *value)
{
    return json_is_object(value);
}

static bool is_scalar(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static bool is_ceiling(const json_t *value)
{
    return json_is_number(json_object_get(value, "median")) &&
           json_is_number(json_object_get(value, "min")) &&
           json_is_number(json_object_get(value, "max")) &&
           json_is_integer(json_object_get(value, "samples"));
}

static bool holds(const json_t *list, const json_t *element)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(json_array_get(list, i), element))
            return true;
    return false;
}

static json_t *join_lists(const json_t *const *values, int count)
{
    json_t *joined = json_array();
    for (int i = 0; i < count; i++)
        for (size_t e = 0; e < json_array_size(values[i]); e++) {
            const json_t *element = json_array_get(values[i], e);
            if (json_is_number(element) || !holds(joined, element))
                json_array_append_new(joined, json_deep_copy(element));
        }
    return joined;
}

static json_t *join_ceilings(const json_t *const *values, int count)
{
    json_t *joined = json_deep_copy(values[0]);
    double *medians = calloc((size_t)count, sizeof *medians);
    double least = INFINITY, most = -INFINITY;
    json_int_t samples = 0;
    for (int i = 0; i < count && medians; i++) {
        medians[i] = json_number_value(json_object_get(values[i], "median"));
        least = fmin(least, json_number_value(json_object_get(values[i], "min")));
        most = fmax(most, json_number_value(json_object_get(values[i], "max")));
        if (__builtin_add_overflow(
                samples, json_integer_value(json_object_get(values[i], "samples")), &samples))
            samples = 0;
    }
    if (medians) {
        json_object_set_new(joined, "median", json_real(stat_median(medians, count)));
        json_object_set_new(joined, "min", json_real(least));
        json_object_set_new(joined, "max", json_real(most));
        json_object_set_new(joined, "samples", json_integer(samples));
    }
    free(medians);
    return joined;
}

/* Of those that are there; if some are ceilings, of those. Returns how many. */
static int gather(const json_t *const *values, int count, const json_t **present)
{
    int found = 0;
    bool ceilings = false;
    for (int i = 0; i < count; i++)
        ceilings = ceilings || is_ceiling(values[i]);
    for (int i = 0; i < count; i++)
        if (values[i] && (!ceilings || is_ceiling(values[i])))
            present[found++] = values[i];
    return found;
}

static bool are_alike(const json_t *const *values, int count)
{
    for (int i = 1; i < count; i++)
        if (!json_equal(values[i], values[0]))
            return false;
    return !(json_is_array(values[0]) && json_is_number(json_array_get(values[0], 0)));
}

/* An empty object, to be filled, where all are objects that are no ceilings. */
static json_t *join_present(const char *key, const json_t *const *values, int count)
{
    if (count == 0)
        return json_null();
    if (all_are(is_ceiling, values, count) && count > 1)
        return join_ceilings(values, count);
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (strcmp(key, rules[i].key) == 0 &&
            (!rules[i].scalars_alone || all_are(is_scalar, values, count)))
            return rules[i].join(values, count);
    if (all_are(is_object, values, count))
        return json_object();
    if (are_alike(values, count))
        return json_deep_copy(values[0]);
    return all_are(is_list, values, count) ? join_lists(values, count) : json_null();
}

/* An object of the result and those that it is to be joined from, on the way to becoming that. */
struct pending {
    json_t *into;          /* borrowed, but for the first */
    const json_t **values; /* [count], malloc'ed */
    int count;
};

struct queue {
    struct pending *items; /* [count], malloc'ed */
    int count, done;
};

/* Joins values, of which some may be NULL; an object is put into the queue to be filled. NULL
 * without memory. */
static json_t *join_shallow(struct queue *queue, const char *key, const json_t *const *values,
                            int count)
{
    const json_t **present = calloc((size_t)count + 1, sizeof *present);
    struct pending *grown =
        realloc(queue->items, (size_t)(queue->count + 1) * sizeof *queue->items);
    if (grown)
        queue->items = grown;
    if (!present || !grown) {
        free(present);
        return NULL;
    }
    int found = gather(values, count, present);
    json_t *joined = join_present(key, present, found);
    bool to_fill = json_is_object(joined) && json_object_size(joined) == 0;
    if (to_fill)
        grown[queue->count++] = (struct pending){joined, present, found};
    else
        free(present);
    return joined;
}

/* Every key that one of the values has. False without memory. */
static bool fill(struct queue *queue, const struct pending object)
{
    const json_t **members = calloc((size_t)object.count + 1, sizeof *members);
    bool enough = members != NULL;
    for (int i = 0; i < object.count && enough; i++) {
        const char *key;
        json_t *unused;
        json_object_foreach((json_t *)object.values[i], key, unused)
        {
            if (json_object_get(object.into, key))
                continue;
            for (int k = 0; k < object.count; k++)
                members[k] = json_object_get(object.values[k], key);
            json_t *joined = join_shallow(queue, key, members, object.count);
            enough = enough && joined && json_object_set_new(object.into, key, joined) == 0;
        }
    }
    free(members);
    return enough;
}

json_t *join_values(const char *key, const json_t *const *values, int count)
{
    struct queue queue = {NULL, 0, 0};
    json_t *joined = join_shallow(&queue, key, values, count);
    bool enough = joined != NULL;
    for (; queue.done < queue.count; queue.done++) {
        enough = enough && fill(&queue, queue.items[queue.done]);
        free(queue.items[queue.done].values);
    }
    free(queue.items);
    if (!enough) {
        json_decref(joined);
        joined = NULL;
    }
    return joined;
}
