#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds what the emulated machine printed to what its PMU must have counted.

    check.py CONSOLE

Prints a line per finding; exits 0 if all are as they must be, else 1."""
import json
import re
import sys

KERNELS = {"absorbed-scalar", "flash-scalar", "flash-latent-scalar"}
CURE = "sysctl kernel.perf_event_paranoid=2"
MODELLED = ["PAPI_TOT_CYC", "PAPI_TOT_INS"]
# qemu accepts these events and does not count them.
NOT_MODELLED = {"PAPI_L1_DCM", "PAPI_L2_DCM", "PAPI_BR_MSP"}

failed = 0


def check(what, holds, seen=""):
    global failed
    failed += not holds
    print(f"papi: {what}: " + ("passed" if holds else f"FAILED: {seen}"))


def sections(text):
    """What each program printed, by name; all of them ended well."""
    found = {}
    pattern = r"^=== begin (\S+)\n(.*?)^=== end \1 (-?\d+)$"
    for name, body, status in re.findall(pattern, text, re.M | re.S):
        check(f"{name} ends well", status == "0", f"status {status}\n{body[-2000:]}")
        found[name] = body
    return found


def loaded(sections, name):
    body = sections.get(name, "")
    try:
        return json.loads(body)
    except ValueError as error:
        check(f"{name} is JSON", False, f"{error}: {body[:300]}")
        sys.exit(1)


def listed(sections, name):
    return {e["name"]: e for e in loaded(sections, name)["counters"]}


def check_paranoid(refused, cured):
    for name in [*MODELLED, "perf::TASK-CLOCK"]:
        entry = refused[name]
        check(f"{name} is refused and its cure named",
              not entry["available"] and entry["cure"] == CURE and CURE in entry["reason"], entry)
        check(f"{name} counts once cured", cured[name]["available"], cured[name])
    fp = cured["PAPI_FP_OPS"]
    check("PAPI_FP_OPS is missing with PAPI's reason",
          not fp["available"] and fp["reason"].startswith("Event does not exist"), fp)
    switches = cured["perf::CONTEXT-SWITCHES"]
    check("context switches need more, which is named",
          switches["cure"] == "sysctl kernel.perf_event_paranoid=1", switches)


def instructions(body):
    """{rounds: instructions}"""
    return {int(r): int(n) for r, n in re.findall(r" (\d+) rounds: (\d+)$", body, re.M)}


def check_loops(one, two):
    million = 1000000
    check("instructions of loops are exact: two a round",
          one[2 * million] - one[million] == 2 * million == one[3 * million] - one[2 * million], one)
    check("little is counted beside the loop", 0 < one[million] - 2 * million < 10000, one)
    check("two threads count for two", 4 * million <= two[million] < 4.4 * million, two)


def check_run(result):
    entries = result["benchmarks"]
    check("every scalar kernel was timed", {e["kernel"] for e in entries} == KERNELS, entries[:1])
    for kernel in sorted(KERNELS):
        own = [e for e in entries if e["kernel"] == kernel]
        values = {n: [e["counters"][n] for e in own] for n in MODELLED}
        check(f"cycles and instructions of {kernel}: {values[MODELLED[0]][0]}, {values[MODELLED[1]][0]}",
              all(isinstance(v, int) and v > 0 for n in MODELLED for v in values[n]), values)
        check(f"instructions per cycle of {kernel} are those of the clock, a half",
              all(abs(e["derived"]["ipc"] - 0.5) < 0.001 for e in own), own[0]["derived"])
    first = entries[0]
    check("PAPI_FP_OPS is null in the result, with PAPI's reason",
          first["counters"]["PAPI_FP_OPS"] is None and
          first["counters_missing"]["PAPI_FP_OPS"].startswith("Event does not exist"), first)
    suspects = {e["name"] for e in result["context"]["mlabench"]["counters_suspect"]}
    check("what reads 0 throughout is suspect: " + ", ".join(sorted(suspects)),
          suspects == NOT_MODELLED and
          all(e["counters"][n] == 0 for e in entries for n in NOT_MODELLED), suspects)


def check_passes(result):
    entries = result["benchmarks"]
    names = list(entries[0]["counters"])
    reasons = {r for e in entries for r in e["counters_missing"].values()}
    passes = {int(p) for r in reasons for p in re.findall(r"pass \d+ of (\d+)", r)}
    check(f"{len(names)} events take more passes than one: {passes}",
          len(passes) == 1 and min(passes) > 1, reasons)
    for kernel in sorted(KERNELS):
        own = [e for e in entries if e["kernel"] == kernel]
        had = {n: sum(e["counters"][n] is not None for e in own) for n in names}
        check(f"{kernel} has each event in some repetitions", min(had.values()) > 0, had)
        check(f"{kernel} has no repetition with all",
              all(None in e["counters"].values() for e in own), own[0]["counters"])
        check(f"{kernel}: as many instructions in either pass",
              counts_alike(own, "PAPI_TOT_INS", "arm_ac57::INST_RETIRED"), own[0]["counters"])


def counts_alike(entries, one, other):
    """Within 1 %, though never counted in the same repetition."""
    pairs = [(e["counters"][one], e["counters"][other]) for e in entries]
    least = [min((p[i] for p in pairs if p[i] is not None), default=0) for i in (0, 1)]
    return all((p[0] is None) != (p[1] is None) for p in pairs) and \
        least[1] > 0 and abs(least[0] / least[1] - 1) < 0.01


def main(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read().replace("\r", "")
    check("the machine came to the end", "=== all done" in text, text[-2000:])
    found = sections(text)
    check_paranoid(listed(found, "refused"), listed(found, "cured"))
    check_loops(instructions(found["loop"]), instructions(found["threads"]))
    check_run(loaded(found, "result"))
    check_passes(loaded(found, "result-passes"))
    print(f"papi: {failed} of the checks failed" if failed else "papi: all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
