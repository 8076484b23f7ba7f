/* SPDX-License-Identifier: MIT
 *
 * A model.safetensors.index.json: the file that each tensor is in, none of which is there. */
#include "harness/shards.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mla_error error = {""};
    struct shards shards;
    struct tensor tensor;
    const char *name;
    const char *folder = target_folder("model.safetensors.index.json", data, size);
    int code = shards_open(folder, &shards, &error);
    target_explained(code, &error);
    if (code)
        return 0;
    if (!shards_find_tail(&shards, "layers.0.self_attn.kv_a_proj_with_mqa.weight", &name, &error) &&
        (!shards_has(&shards, name) || !shards_tensor(&shards, name, &tensor, &error)))
        target_fail("%s is listed and not there", name);
    const char *listed;
    json_t *file;
    json_object_foreach(shards.index, listed, file)
    {
        code = shards_tensor(&shards, listed, &tensor, &error);
        target_explained(code, &error);
        if (!code)
            target_fail("a tensor of a file that is not there");
    }
    shards_close(&shards);
    return 0;
}
