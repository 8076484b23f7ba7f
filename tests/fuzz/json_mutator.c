/* SPDX-License-Identifier: MIT
 *
 * Makes new JSON files of old ones, most of the time by changing values in the tree that they are:
 * bytes changed at random mostly leave no JSON, and what is behind the parser unseen. */
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer's interface. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed);

enum { LONG_TEXT = 300, MOST_PLACES = 4096 };

static unsigned int below(unsigned int *state, unsigned int bound)
{
    *state = *state * 1664525U + 1013904223U;
    return (unsigned int)((uint64_t)*state * bound >> 32);
}

/* A place in the tree: a member of an object or an element of an array. */
struct place {
    json_t *parent;
    const char *key; /* NULL: of an array */
    size_t index;
    json_t *value;
};

static int list_below(json_t *parent, struct place *places, int count)
{
    const char *key;
    size_t i;
    json_t *value;
    json_object_foreach(parent, key, value)
    {
        if (count < MOST_PLACES)
            places[count++] = (struct place){parent, key, 0, value};
    }
    json_array_foreach(parent, i, value)
    {
        if (count < MOST_PLACES)
            places[count++] = (struct place){parent, NULL, i, value};
    }
    return count;
}

/* Level by level. */
static int list_places(json_t *root, struct place *places)
{
    int count = list_below(root, places, 0);
    for (int i = 0; i < count; i++)
        count = list_below(places[i].value, places, count);
    return count;
}

/* What readers tend not to expect. */
static json_t *odd_value(unsigned int *state)
{
    static const json_int_t integers[] = {
        0,         1,         -1,        2,         3,         64,        INT32_MAX, INT64_MAX,
        INT32_MIN, INT64_MIN, 1LL << 26, 1LL << 32, 1LL << 53, 1LL << 62, 65536,     10000,
    };
    static const double reals[] = {0.0, -0.0, 0.5, -1.5, 1e-308, 5e-324, 1e308, -1e308, 1e19, 3.0};
    char text[LONG_TEXT + 1];
    switch (below(state, 10)) {
    case 0:
        return json_null();
    case 1:
        return json_boolean(below(state, 2));
    case 2:
        return json_object();
    case 3:
        return json_array();
    case 4:
        return json_string("");
    case 5:
        memset(text, below(state, 2) ? 'x' : '/', sizeof text);
        text[below(state, sizeof text)] = '\0';
        text[LONG_TEXT] = '\0';
        return json_string(text);
    case 6:
        return json_real(reals[below(state, sizeof reals / sizeof reals[0])]);
    default:
        return json_integer(integers[below(state, sizeof integers / sizeof integers[0])]);
    }
}

/* The same kind of value, a little different. */
static json_t *near_value(const json_t *value, unsigned int *state)
{
    char text[LONG_TEXT];
    if (json_is_integer(value)) {
        uint64_t number = (uint64_t)json_integer_value(value);
        const uint64_t changed[] = {number + 1, number - 1, 2 * number, -number, number / 2};
        return json_integer((json_int_t)changed[below(state, 5)]);
    }
    if (json_is_real(value))
        return json_real(ldexp(json_real_value(value), (int)below(state, 21) - 10));
    if (!json_is_string(value) || json_string_length(value) == 0 ||
        json_string_length(value) >= sizeof text)
        return odd_value(state);
    strcpy(text, json_string_value(value));
    text[below(state, (unsigned int)strlen(text))] = (char)(1 + below(state, 126));
    return json_string(text);
}

static void set(const struct place *at, json_t *value)
{
    if (!value)
        return;
    if (at->key)
        json_object_set_new_nocheck(at->parent, at->key, value);
    else
        json_array_set_new(at->parent, at->index, value);
}

static void change(json_t *root, unsigned int *state)
{
    static struct place places[MOST_PLACES];
    unsigned int count = (unsigned int)list_places(root, places);
    if (count == 0)
        return;
    const struct place at = places[below(state, count)], from = places[below(state, count)];
    switch (below(state, 6)) {
    case 0:
        if (at.key)
            json_object_del(at.parent, at.key);
        else
            json_array_remove(at.parent, at.index);
        break;
    case 1: /* once more, or another's value under its name */
        if (at.key)
            set(&at, json_deep_copy(from.value));
        else
            json_array_insert_new(at.parent, at.index, json_deep_copy(at.value));
        break;
    case 2: /* another's name */
        if (at.key && from.key)
            json_object_set_new_nocheck(at.parent, from.key, json_deep_copy(from.value));
        break;
    case 3:
        set(&at, odd_value(state));
        break;
    default:
        set(&at, near_value(at.value, state));
        break;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed)
{
    unsigned int state = seed;
    json_t *root = below(&state, 4) ? json_loadb((char *)data, size, 0, NULL) : NULL;
    if (!root)
        return LLVMFuzzerMutate(data, size, most);
    for (unsigned int changes = 1 + below(&state, 4); changes > 0; changes--)
        change(root, &state);
    const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(17);
    size_t length = json_dumpb(root, NULL, 0, flags);
    bool fits = length > 0 && length <= most;
    if (fits)
        json_dumpb(root, (char *)data, most, flags);
    json_decref(root);
    return fits ? length : LLVMFuzzerMutate(data, size, most);
}
