#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A second implementation of MLA, which shares nothing with the reference but the formulas, against
what `mlabench dump` wrote. Neither is the judge of the other: where they differ, one is wrong.

    oracle.py SET...

It computes from config.json, weights and inputs, and goes another way wherever there is one: absorbed
order, RoPE by complex numbers with angles in extended precision, the softmax over all keys at once,
tokens of pages found through their block table. Compared are all tensors, the error scales, and
softmax_scale, gains and RoPE's frequencies as the manifest states them. Prints the largest error of
each set and where it is; exits 1 if one is beyond its tolerance:

    1e-12 of the tensor's largest magnitude; at position p, p 2^-52 more, as the reference rounds
    both RoPE's frequencies and their products with positions to double
    2^-8 of each element for scales stored in bf16, 1e-6 for those in fp32
    1e-14 of each frequency, 1e-15 of softmax_scale and gains

Needs python3-numpy (Debian's name)."""
import json
import math
import sys

import numpy as np

from conformance import read

NORM_EPS = 1e-6
FAR = np.longdouble


class Dimensions:
    """What a config.json says, by the formulas."""

    def __init__(self, config):
        self.hidden = config["hidden_size"]
        self.heads = config["num_attention_heads"]
        self.q_lora = config["q_lora_rank"]
        self.rank = config["kv_lora_rank"]
        self.nope, self.rope = config["qk_nope_head_dim"], config["qk_rope_head_dim"]
        self.v = config["v_head_dim"]
        halves = config.get("model_type") == "minicpm3"
        self.interleaved = config.get("rope_interleave", not halves)
        self.q_gain = self.kv_gain = 1.0
        if config.get("mla_scale_q_lora"):
            self.q_gain = math.sqrt(self.hidden / self.q_lora)
        if config.get("mla_scale_kv_lora"):
            self.kv_gain = math.sqrt(self.hidden / self.rank)
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        theta = rope.get("rope_theta", config.get("rope_theta", 10000))
        yarn = rope.get("rope_type", rope.get("type")) == "yarn"
        self.frequencies = FAR(theta) ** (-np.arange(0, self.rope, 2, dtype=FAR) / self.rope)
        self.scale = (self.nope + self.rope) ** -0.5
        self.magnitude = 1.0
        if yarn:
            self.apply_yarn(rope, theta)

    def apply_yarn(self, rope, theta):
        def correction(turns):
            context = rope["original_max_position_embeddings"]
            return self.rope * math.log(context / (2 * math.pi * turns)) / (2 * math.log(theta))

        def m(mscale):
            return 0.1 * mscale * math.log(rope["factor"]) + 1

        low = max(math.floor(correction(rope.get("beta_fast", 32))), 0)
        high = min(math.ceil(correction(rope.get("beta_slow", 1))), self.rope - 1)
        high += 0.001 if low == high else 0
        pairs = np.arange(self.rope // 2, dtype=FAR)
        ramp = np.clip((pairs - low) / FAR(high - low), 0, 1)
        self.frequencies = self.frequencies * ((1 - ramp) + ramp / FAR(rope["factor"]))
        all_dims = m(rope.get("mscale_all_dim", 0))
        self.magnitude = m(rope.get("mscale", 1)) / all_dims
        self.scale *= all_dims**2


def rmsnorm(x, weight, gain):
    return gain * weight * x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + NORM_EPS)


def rotate(d, x, position):
    """One token's vectors [..., rope]: a pair is a complex number, turned by multiplication."""
    angle = FAR(position) * d.frequencies
    turn = d.magnitude * (np.cos(angle) + 1j * np.sin(angle)).astype(np.complex128)
    out = np.empty_like(x)
    first, second = (
        (slice(0, None, 2), slice(1, None, 2))
        if d.interleaved
        else (slice(0, d.rope // 2), slice(d.rope // 2, None))
    )
    turned = (x[..., first] + 1j * x[..., second]) * turn
    out[..., first], out[..., second] = turned.real, turned.imag
    return out


class Layer:
    def __init__(self, d, tensors):
        self.d = d
        self.w = {name.split(".")[-2]: array.astype(np.float64) for name, array in tensors.items()}
        kv_b = self.w["kv_b_proj"].reshape(d.heads, d.nope + d.v, d.rank)
        self.wuk, self.wuv = kv_b[:, : d.nope], kv_b[:, d.nope :]

    def query(self, x, position):
        d, w = self.d, self.w
        if d.q_lora is None:
            q = w["q_proj"] @ x
        else:
            q = w["q_b_proj"] @ rmsnorm(w["q_a_proj"] @ x, w["q_a_layernorm"], d.q_gain)
        q = q.reshape(d.heads, d.nope + d.rope).copy()
        q[:, d.nope :] = rotate(d, q[:, d.nope :], position)
        return q

    def row(self, x, position):
        d, w = self.d, self.w
        latent = w["kv_a_proj_with_mqa"] @ x
        c_kv = rmsnorm(latent[: d.rank], w["kv_a_layernorm"], d.kv_gain)
        return np.concatenate([c_kv, rotate(d, latent[d.rank :], position)])

    def attend(self, q, rows, sinks=None):
        """One query over rows in the absorbed order: o, lse and the error scales."""
        d = self.d
        rows = rows.reshape(-1, d.rank + d.rope)
        c, k_rope = rows[:, : d.rank], rows[:, d.rank :]
        q_nope, q_rope = q[:, : d.nope], q[:, d.nope :]
        absorbed = np.einsum("hn,hnc->hc", q_nope, self.wuk)
        s = d.scale * (absorbed @ c.T + q_rope @ k_rope.T)
        everything = s if sinks is None else np.concatenate([s, sinks[:, None]], axis=1)
        if everything.shape[1] == 0:
            zero, one = np.zeros((d.heads, d.v)), np.ones(d.heads)
            scales = {"scale_o": zero, "rms_o": zero, "scale_lse": one, "rms_lse": one}
            return {"o": zero, "lse": one * -np.inf, **scales}
        top = everything.max(axis=1)
        lse = top + np.log(np.exp(everything - top[:, None]).sum(axis=1))
        p = np.exp(s - lse[:, None])
        out = {"o": np.einsum("hvc,hc->hv", self.wuv, p @ c), "lse": lse}
        out.update(self.scales(q, c, k_rope, s, p, sinks, lse, out["o"]))
        return out

    def scales(self, q, c, k_rope, s, p, sinks, lse, o):
        """How much of an error rounding may make, in magnitudes and in root mean square."""
        d = self.d
        q_nope, q_rope = q[:, : d.nope], q[:, d.nope :]
        sizes = np.einsum("hn,hnc->hc", abs(q_nope), abs(self.wuk))
        a = d.scale * (sizes @ abs(c).T + abs(q_rope) @ abs(k_rope).T)
        squares = np.einsum("hn,hnc->hc", q_nope**2, self.wuk**2)
        b = abs(s) + d.scale * np.sqrt(squares @ (c**2).T + q_rope**2 @ (k_rope**2).T)
        sum_a, sum_b = (p * a).sum(axis=1), ((p * b) ** 2).sum(axis=1)
        if sinks is not None:
            of_sink = np.exp(sinks - lse) * abs(sinks)
            sum_a, sum_b = sum_a + of_sink, sum_b + of_sink**2
        root = np.sqrt(sum_b)
        bound = (p * (1 + a + sum_a[:, None])) @ abs(c)
        spread = (p * (1 + b + root[:, None])) ** 2 @ c**2
        return {
            "scale_o": np.einsum("hvc,hc->hv", abs(self.wuv), bound),
            "rms_o": abs(o) + np.sqrt(np.einsum("hvc,hc->hv", self.wuv**2, spread)),
            "scale_lse": 1 + sum_a,
            "rms_lse": 1 + root,
        }


def stack(results):
    return {part: np.array([result[part] for result in results]) for part in results[0]}


def through_pages(case, given, rows):
    """Stores rows in the pages that the block table names and reads them back for each sequence."""
    size, table, lengths = case["page_size"], given["block_table"], given["lengths"]
    cache = np.full(((table.max() + 1) * size, rows.shape[1]), np.nan)
    first, read_back = 0, []
    for pages, length in zip(table, lengths):
        slots = [pages[j // size] * size + j % size for j in range(length)]
        assert np.isnan(cache[slots]).all(), "two tokens in one slot"
        cache[slots] = rows[first : first + length]
        read_back.append(slots)
        first += length
    return [cache[slots] for slots in read_back]


def run_layer(layer, case, given):
    x, positions = given["x"].astype(np.float64), given["positions"]
    rows = np.array([layer.row(*token) for token in zip(x, positions)])
    lengths = [sequence["cached"] + sequence["new"] for sequence in case["sequences"]]
    starts = np.cumsum([0] + lengths)
    of_sequence = [rows[a:b] for a, b in zip(starts, starts[1:])]
    if "page_size" in case:
        of_sequence = through_pages(case, given, rows)
    queries, results = [], []
    for sequence, start, own in zip(case["sequences"], starts, of_sequence):
        own_positions = positions[start : start + len(own)]
        assert list(own_positions) == list(range(sequence["first_position"], own_positions[-1] + 1))
        for t in range(sequence["cached"], len(own)):
            queries.append(layer.query(x[start + t], own_positions[t]))
            results.append(layer.attend(queries[-1], own[own_positions <= own_positions[t]]))
    got = stack(results)
    y = np.array([layer.w["o_proj"] @ o.ravel() for o in got["o"]])
    return {"q": np.array(queries), "rows": rows, "y": y, **got}


def run_attention(layer, given, other):
    results, got = [], {}
    for i, query in enumerate(given["queries"]):
        keys = np.arange(query + 1)
        if "top_k" in given:
            keys = np.sort(given["top_k"][i][given["top_k"][i] >= 0])
        q, sinks = other["q"][query], given.get("sinks")
        sinks = None if sinks is None else sinks.astype(np.float64)
        results.append(layer.attend(q, other["rows"][keys], sinks))
        if "split" in given:
            parts = stack([layer.attend(q, other["rows"][a:b]) for a, b in given["split"]])
            got = {"o_parts": parts["o"], "lse_parts": parts["lse"]}
            merged = np.logaddexp.reduce(parts["lse"], axis=0)
            weights = np.exp(parts["lse"] - merged)
            results[-1]["o"] = (weights[..., None] * parts["o"]).sum(axis=0)
            results[-1]["lse"] = merged
    return {**stack(results), **got}


def ratio(part, got, expected, last):
    """The error as a part of what is tolerated; NaN or infinite if something is."""
    got, expected = got.astype(np.float64), expected.astype(np.float64)
    if got.shape != expected.shape or not np.array_equal(np.isinf(got), np.isinf(expected)):
        return math.inf
    if not np.array_equal(got[np.isinf(got)], expected[np.isinf(got)]):
        return math.inf
    finite = np.isfinite(got)
    if not finite.any():
        return 0.0
    difference = abs(got[finite] - expected[finite])
    size = abs(expected[finite])
    if part in ("scale_o", "rms_o"):
        tolerance = 2.0**-8 * size
    elif part in ("scale_lse", "rms_lse"):
        tolerance = 1e-6 * size
    else:
        tolerance = (1e-12 + last * 2.0**-52) * np.full(size.shape, size.max())
    return float((difference / np.maximum(tolerance, 1e-300)).max())


def value_ratios(d, values):
    """What the manifest states beside the tensors."""
    yield "softmax_scale", abs(values["softmax_scale"] / d.scale - 1) / 1e-15
    yield "q_lora_gain", abs(values["q_lora_gain"] / d.q_gain - 1) / 1e-15
    yield "kv_lora_gain", abs(values["kv_lora_gain"] / d.kv_gain - 1) / 1e-15
    yield "rope_magnitude", abs(values["rope_magnitude"] / d.magnitude - 1) / 1e-15
    yield "norm_eps", abs(values["norm_eps"] / NORM_EPS - 1) / 1e-15
    stated = np.array(values["rope_frequencies"], FAR)
    yield "rope_frequencies", float((abs(stated / d.frequencies - 1) / 1e-14).max())
    yield "rope_interleaved", 0.0 if values["rope_interleaved"] == d.interleaved else math.inf


def check(folder):
    """Holds one set to this implementation; whether they agree."""
    with open(f"{folder}/config.json", encoding="utf-8") as file:
        d = Dimensions(json.load(file))
    with open(f"{folder}/manifest.json", encoding="utf-8") as file:
        manifest = json.load(file)
    layer = Layer(d, read(f"{folder}/model.safetensors"))
    vectors = read(f"{folder}/vectors.safetensors")
    given = {}
    for name, array in vectors.items():
        case, part = name.split(".")
        given.setdefault(case, {})[part] = array
    found = list(value_ratios(d, manifest["values"]))
    inputs = {"x", "positions", "block_table", "lengths", "cached"}
    inputs |= {"queries", "sinks", "top_k", "split"}
    for case in manifest["cases"]:
        own = given.pop(case["name"])
        if "of" in case:
            of = {part: vectors[f"{case['of']}.{part}"] for part in ("q", "rows")}
            got, last = run_attention(layer, own, of), 0
        else:
            got, last = run_layer(layer, case, own), own["positions"].max()
        if set(own) - inputs != set(got) or set(own) != set(case["tensors"]):
            found.append((f"the list of {case['name']}'s tensors", math.inf))
        for part in set(got) & set(own):
            found.append((f"{case['name']}.{part}", ratio(part, got[part], own[part], last)))
    if given:
        found.append((f"{', '.join(given)}: not in the manifest", math.inf))
    wrong = [f"{name} ({value:.3g})" for name, value in found if not value <= 1]
    # Scales rounded to bf16 use up all of theirs.
    exact = [entry for entry in found if "scale_o" not in entry[0] and "rms_o" not in entry[0]]
    worst = max(exact, key=lambda entry: entry[1])
    outcome = "WRONG: " + ", ".join(wrong) if wrong else f"at most {worst[1]:.2g}, {worst[0]}"
    print(f"{manifest['model']:16} {len(found)} compared, error as a part of the tolerance: {outcome}")
    return not wrong


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(0 if all([check(folder) for folder in sys.argv[1:]]) else 1)
