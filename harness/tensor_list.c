/* SPDX-License-Identifier: MIT */
#include "harness/tensor_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GROWTH = 32 };

static char *joined(const char *of_case, const char *part)
{
    size_t size = strlen(of_case) + strlen(part) + sizeof ".";
    char *name = malloc(size);
    if (name)
        snprintf(name, size, "%s.%s", of_case, part);
    return name;
}

void *tensor_list_add(struct tensor_list *list, const char *of_case, const char *part,
                      struct tensor shape)
{
    if (list->count % GROWTH == 0) {
        size_t room = (size_t)list->count + GROWTH;
        struct named_tensor *items = realloc(list->items, room * sizeof *items);
        if (!items) {
            list->failed = true;
            return NULL;
        }
        list->items = items;
    }
    size_t size = (size_t)tensor_elements(&shape) * (size_t)tensor_type_bytes[shape.type];
    void *data = calloc(1, size ? size : 1);
    char *name = joined(of_case, part);
    if (!data || !name) {
        free(data);
        free(name);
        list->failed = true;
        return NULL;
    }
    shape.data = data;
    list->items[list->count++] = (struct named_tensor){name, shape};
    return data;
}

const struct tensor *tensor_list_find(const struct tensor_list *list, const char *of_case,
                                      const char *part)
{
    size_t length = strlen(of_case);
    for (int i = 0; i < list->count; i++) {
        const char *name = list->items[i].name;
        if (strncmp(name, of_case, length) == 0 && name[length] == '.' &&
            strcmp(name + length + 1, part) == 0)
            return &list->items[i].tensor;
    }
    return NULL;
}

void tensor_list_free(struct tensor_list *list)
{
    for (int i = 0; i < list->count; i++) {
        free((void *)list->items[i].tensor.data);
        free((void *)list->items[i].name);
    }
    free(list->items);
    *list = (struct tensor_list){0};
}
