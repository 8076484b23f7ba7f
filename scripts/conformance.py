#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds an MLA layer in numpy to conformance sets (results/conformance/README.md).

    conformance.py SET...

Prints each case's largest error, relative to the largest magnitude of each tensor; exits 1 if one
is beyond the tolerance that the manifest states. A start for checking a layer of your own: replace
`Model.layer` and `Model.attend`. Needs python3-numpy (Debian's name)."""
import json
import sys

import numpy as np

TYPES = {"F64": "<f8", "F32": "<f4", "BF16": "<u2", "I64": "<i8", "I32": "<i4"}


def read(path):
    """The tensors of a safetensors file; those of bf16 as float32, of which it is the upper half."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            array = np.frombuffer(data[begin:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
            if entry["dtype"] == "BF16":
                array = (array.astype(np.uint32) << 16).view(np.float32)
            tensors[name] = array
    return tensors


class Model:
    """A set's model, in double."""

    def __init__(self, folder):
        with open(f"{folder}/config.json", encoding="utf-8") as file:
            self.config = json.load(file)
        with open(f"{folder}/manifest.json", encoding="utf-8") as file:
            self.manifest = json.load(file)
        self.values = self.manifest["values"]
        prefix = self.manifest["weights_prefix"]
        self.w = {
            name[len(prefix) : -len(".weight")]: array.astype(np.float64)
            for name, array in read(f"{folder}/model.safetensors").items()
        }

    def norm(self, x, weight, gain):
        mean_square = np.mean(x * x, axis=-1, keepdims=True)
        return gain * self.w[weight] * x / np.sqrt(mean_square + self.values["norm_eps"])

    def rotate(self, x, positions):
        """RoPE on x [tokens, ..., qk_rope_head_dim]."""
        angle = positions[:, None] * np.array(self.values["rope_frequencies"])
        angle = angle.reshape(len(positions), *[1] * (x.ndim - 2), -1)
        pairs = x.shape[-1] // 2
        interleaved = self.values["rope_interleaved"]
        a, b = (x[..., ::2], x[..., 1::2]) if interleaved else (x[..., :pairs], x[..., pairs:])
        turned = (a * np.cos(angle) - b * np.sin(angle), a * np.sin(angle) + b * np.cos(angle))
        return self.values["rope_magnitude"] * (
            np.stack(turned, -1).reshape(x.shape) if interleaved else np.concatenate(turned, -1)
        )

    def queries(self, x, positions):
        if "q_proj" in self.w:
            q = x @ self.w["q_proj"].T
        else:
            c_q = x @ self.w["q_a_proj"].T
            q = self.norm(c_q, "q_a_layernorm", self.values["q_lora_gain"]) @ self.w["q_b_proj"].T
        q = q.reshape(len(x), self.config["num_attention_heads"], -1)
        nope = self.config["qk_nope_head_dim"]
        return np.concatenate([q[..., :nope], self.rotate(q[..., nope:], positions)], -1)

    def rows(self, x, positions):
        """What is cached: [c_kv | k_rope]."""
        row = x @ self.w["kv_a_proj_with_mqa"].T
        rank = self.config["kv_lora_rank"]
        c_kv = self.norm(row[:, :rank], "kv_a_layernorm", self.values["kv_lora_gain"])
        return np.concatenate([c_kv, self.rotate(row[:, rank:], positions)], -1)

    def attend(self, q, rows, sinks=None):
        """o and lse of one query [heads, qk] over the rows."""
        heads, rank = self.config["num_attention_heads"], self.config["kv_lora_rank"]
        nope, v = self.config["qk_nope_head_dim"], self.config["v_head_dim"]
        kv = (rows[:, :rank] @ self.w["kv_b_proj"].T).reshape(len(rows), heads, nope + v)
        scores = np.einsum("hd,jhd->hj", q[:, :nope], kv[..., :nope])
        scores = self.values["softmax_scale"] * (scores + q[:, nope:] @ rows[:, rank:].T)
        lse = np.full(heads, -np.inf) if sinks is None else sinks.astype(np.float64)
        for j in range(len(rows)):
            lse = np.logaddexp(lse, scores[:, j])
        with np.errstate(invalid="ignore"):
            return np.einsum("hj,jhd->hd", np.exp(scores - lse[:, None]), kv[..., nope:]), lse

    def layer(self, x, positions, sequences):
        """What the set has of a layer; the sequences lie in x one after the other."""
        q, rows = self.queries(x, positions), self.rows(x, positions)
        new, results, first = [], [], 0
        for sequence in sequences:
            tokens = sequence["cached"] + sequence["new"]
            for t in range(first + sequence["cached"], first + tokens):
                new.append(t)
                results.append(self.attend(q[t], rows[first : t + 1]))
            first += tokens
        o, lse = map(np.array, zip(*results))
        y = o.reshape(len(new), -1) @ self.w["o_proj"].T
        return {"q": q[new], "rows": rows, "o": o, "lse": lse, "y": y}


def attention(model, given, other):
    """Attention alone: queries and rows are another case's."""
    results, parts = [], []
    for i, query in enumerate(given["queries"]):
        keys = range(query + 1)
        if "top_k" in given:
            keys = [j for j in given["top_k"][i] if j >= 0]
        q, rows = other["q"][query], other["rows"][list(keys)]
        results.append(model.attend(q, rows, given.get("sinks")))
        parts = [model.attend(q, rows[a:b]) for a, b in given.get("split", [])]
    o, lse = map(np.array, zip(*results))
    got = {"o": o, "lse": lse}
    if parts:
        o_parts, lse_parts = map(np.array, zip(*parts))
        got["o"] = np.einsum("ph,phd->hd", np.exp(lse_parts - lse), o_parts)[None]  # merged
        got.update(o_parts=o_parts, lse_parts=lse_parts)
    return got


def error(got, expected):
    """The largest, relative to the largest magnitude; infinities must be equal."""
    finite = np.isfinite(expected)
    if not np.array_equal(got[~finite], expected[~finite]):
        return np.inf
    if not finite.any():
        return 0.0
    worst = np.abs(got[finite] - expected[finite]).max()
    return worst / (np.abs(expected[finite]).max() or 1)  # NaN stays NaN


def check(folder):
    model = Model(folder)
    vectors = read(f"{folder}/vectors.safetensors")
    fine = True
    for case in model.manifest["cases"]:
        given = {part: vectors[f"{case['name']}.{part}"] for part in case["tensors"]}
        if "of" in case:
            other = {part: vectors[f"{case['of']}.{part}"] for part in ("q", "rows")}
            got, last = attention(model, given, other), 0
        else:
            got = model.layer(given["x"].astype(np.float64), given["positions"], case["sequences"])
            last = given["positions"].max()
        errors = {part: error(array, given[part]) for part, array in got.items()}
        tolerance = model.manifest["compare"]["double"] * (1 + last / 4096)
        passed = all(value <= tolerance for value in errors.values())
        fine = fine and passed
        print(
            f"{model.manifest['model']:16} {case['name']:9} {'ok' if passed else 'WRONG':5} ",
            *(f"{part} {value:.1e}" for part, value in errors.items()),
        )
    return fine


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(0 if all([check(folder) for folder in sys.argv[1:]]) else 1)
