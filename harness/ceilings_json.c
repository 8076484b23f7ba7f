/* SPDX-License-Identifier: MIT */
#include "harness/ceilings_json.h"

json_t *ceiling_json(const struct ceiling *c)
{
    return json_pack("{s:f, s:f, s:f, s:i}", "median", c->median, "min", c->min, "max", c->max,
                     "samples", c->samples);
}

json_t *bandwidth_json(const struct bandwidth *bandwidth)
{
    if (!bandwidth->gbs.samples)
        return json_pack("{s:s}", "missing", bandwidth->missing);
    json_t *entry = ceiling_json(&bandwidth->gbs);
    json_object_set_new(entry, "bytes", json_integer(bandwidth->bytes_per_thread));
    return entry;
}
