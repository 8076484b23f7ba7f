#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes a folder in Hugging Face's layout with random weights of one attention layer, or more.

    random_checkpoint.py CONFIG.json DIR [--dtype F32|F16|BF16|F8_E4M3] [--shards N] [--layers 0,2]
                         [--prefix language_model.] [--set hidden_size=256 ...]

The config is copied, with what --set changes. Weights are normal and keep their inputs' variance;
in F8_E4M3 they have a weight_scale_inv for each 128 x 128 of them, as DeepSeek-V3's do."""

import argparse
import json
import os
import struct

import numpy as np

E4M3 = np.array([0.0] * 256, dtype=np.float32)
for code in range(256):
    exponent, mantissa = code >> 3 & 15, code & 7
    value = mantissa * 2.0**-9 if exponent == 0 else (8 + mantissa) * 2.0 ** (exponent - 10)
    E4M3[code] = np.nan if code & 127 == 127 else -value if code & 128 else value


def to_bf16(values):
    bits = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def to_e4m3(values):
    """Codes of the nearest values, by looking: slow, and in the order of the values."""
    order = np.argsort(E4M3[:127], kind="stable")
    sorted_values = E4M3[:127][order]
    magnitude = np.minimum(np.abs(values), 448)
    index = np.searchsorted((sorted_values[1:] + sorted_values[:-1]) / 2, magnitude)
    return (order[index] | np.where(values < 0, 128, 0)).astype(np.uint8)


def encoded(name, values, dtype):
    """name -> (dtype, shape, bytes) of what a weight becomes."""
    if dtype == "F8_E4M3" and values.ndim == 2:
        rows, columns = -(-values.shape[0] // 128), -(-values.shape[1] // 128)
        scales = np.zeros((rows, columns), dtype=np.float32)
        codes = np.zeros(values.shape, dtype=np.uint8)
        for i in range(rows):
            for j in range(columns):
                block = np.s_[128 * i : 128 * (i + 1), 128 * j : 128 * (j + 1)]
                scales[i, j] = np.abs(values[block]).max() / 448
                codes[block] = to_e4m3(values[block] / scales[i, j])
        return {
            name: ("F8_E4M3", values.shape, codes.tobytes()),
            name + "_scale_inv": ("F32", scales.shape, scales.tobytes()),
        }
    if dtype in ("BF16", "F8_E4M3"):
        return {name: ("BF16", values.shape, to_bf16(values).tobytes())}
    kind = {"F16": np.float16, "F32": np.float32}[dtype]
    return {name: (dtype, values.shape, values.astype(kind).tobytes())}


def write_safetensors(path, tensors):
    head, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, shape, data) in tensors.items():
        head[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, data in tensors.values():
            file.write(data)


def layer_weights(config, random):
    heads, hidden = config["num_attention_heads"], config["hidden_size"]
    rank, rope = config["kv_lora_rank"], config["qk_rope_head_dim"]
    q_width = heads * (config["qk_nope_head_dim"] + rope)
    q_rank = config.get("q_lora_rank")
    v_head_dim = config.get("v_head_dim", hidden // heads)  # MiniCPM3 does not say
    shapes = {
        "kv_a_proj_with_mqa": (rank + rope, hidden),
        "kv_a_layernorm": (rank,),
        "kv_b_proj": (heads * (config["qk_nope_head_dim"] + v_head_dim), rank),
        "o_proj": (hidden, heads * v_head_dim),
    }
    if q_rank:
        shapes |= {"q_a_proj": (q_rank, hidden), "q_a_layernorm": (q_rank,), "q_b_proj": (q_width, q_rank)}
    else:
        shapes |= {"q_proj": (q_width, hidden)}
    for name, shape in shapes.items():
        values = random.standard_normal(shape)
        values = 1 + 0.2 * values if len(shape) == 1 else values / shape[1] ** 0.5
        yield name + ".weight", values.astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config")
    parser.add_argument("folder")
    parser.add_argument("--dtype", default="BF16", choices=["F32", "F16", "BF16", "F8_E4M3"])
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--layers", default="0")
    parser.add_argument("--prefix", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", nargs="*", default=[])
    arguments = parser.parse_args()
    with open(arguments.config, encoding="utf-8") as file:
        config = json.load(file)
    config |= {key: json.loads(value) for key, value in (item.split("=") for item in arguments.set)}
    os.makedirs(arguments.folder, exist_ok=True)
    with open(os.path.join(arguments.folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)

    random = np.random.default_rng(arguments.seed)
    attentions = [".0", ".1"] if "longcat" in config.get("model_type", "") else [""]
    tensors = {}
    for layer in arguments.layers.split(","):
        for attention in attentions:
            for name, values in layer_weights(config, random):
                full = f"{arguments.prefix}model.layers.{layer}.self_attn{attention}.{name}"
                tensors |= encoded(full, values, arguments.dtype)
    # Of no concern to attention, and not to be read.
    tensors[f"{arguments.prefix}model.embed_tokens.weight"] = ("U8", (3, 5), bytes(15))

    if arguments.shards == 1:
        write_safetensors(os.path.join(arguments.folder, "model.safetensors"), tensors)
        return
    names, weight_map = list(tensors), {}
    for i in range(arguments.shards):
        file = f"model-{i + 1:05}-of-{arguments.shards:05}.safetensors"
        part = names[i :: arguments.shards]
        write_safetensors(os.path.join(arguments.folder, file), {name: tensors[name] for name in part})
        weight_map |= {name: file for name in part}
    with open(os.path.join(arguments.folder, "model.safetensors.index.json"), "w", encoding="utf-8") as file:
        json.dump({"metadata": {"total_size": sum(len(t[2]) for t in tensors.values())}, "weight_map": weight_map}, file)


main()
