/* SPDX-License-Identifier: MIT
 *
 * A model's config.json, the baselines derived from it, and the model written out and read again
 * as case.json holds it. */
#include "harness/json_fields.h"
#include "harness/model.h"
#include "harness/model_json.h"
#include "tests/fuzz/target.h"

#include <string.h>

/* What was read can be stored: it comes back with the same dimensions. */
static void write_and_read(const struct model *model, struct mla_error *error)
{
    struct model again;
    json_t *object = model_json(model);
    const struct fields fields = {.object = object, .file = target_path(), .error = error};
    int code = model_json_read(&fields, true, &again);
    if (code)
        target_fail("a model that cannot be stored: %s", error->message);
    if (strcmp(again.name, model->name) != 0 || again.hidden_size != model->hidden_size ||
        again.v_head_dim != model->v_head_dim || again.kind != model->kind)
        target_fail("%s comes back as another model", model->name);
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mla_error error = {""};
    struct model model, derived;
    target_folder("model.json", data, size);
    int code = model_read(target_path(), &model, &error);
    target_explained(code, &error);
    if (code)
        return 0;
    write_and_read(&model, &error);
    for (int b = 0; b < BASELINES; b++)
        if (!model_baseline(&model, (enum baseline)b, &derived, &error))
            write_and_read(&derived, &error);
    return 0;
}
