#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How often `mlabench gate` cries wolf, and how often it notices: whole runs of it over a small
suite, in which the kernels are the same, or do a known amount of work more (tests/plugins/changed.c),
on a machine that is otherwise idle and with a neighbour that computes and moves memory on another
CPU (tests/gate-study/neighbour.c). `make gate-study` runs it.

What it finds goes to OUT: runs.jsonl as the runs end, then rates.json, rates.csv and
plots/gate.{svg,pdf,png}. Rates come with 95 % intervals (Clopper and Pearson 1934).

Exit codes: 0 the rates are within the targets, 1 some are not, 2 it could not be done, 130
interrupted; the runs until then are reported."""
import argparse
import contextlib
import csv
import json
import math
import os
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

try:
    from scipy.stats import binomtest
except ImportError:
    sys.exit(f"gate_study: {sys.executable} has no scipy: make setup-dev installs it for the "
             "system's python3, which has to come first in PATH")

from mutants import SuiteError, draw
from provenance import origin

SUITE = "tests/gate-study/suite.json"
CONDITIONS = ("quiet", "noisy")

# Runs with so many percent of work added, in each condition: at least 1,000 comparisons of the same
# code and 100 of each slowdown, and enough whole runs that none of them raising a false alarm
# speaks for a rate below 5 %.
RUNS = {0: 59, 2: 6, 3: 6, 5: 6, 10: 6}

# In percent: (condition, added, what, bound, rate).
TARGETS = (
    ("quiet", 0, "false alarm", "at most", 0.5),
    ("quiet", 0, "run with a false alarm", "at most", 5),
    ("noisy", 0, "false alarm", "at most", 1),
    ("noisy", 0, "run with a false alarm", "at most", 5),
    ("quiet", 3, "slower", "at least", 95),
    ("noisy", 5, "slower", "at least", 95),
)

# From the surest to the wrong, as they stand in the plot.
VERDICTS = ("slower", "unresolved", "equal", "faster")


@dataclass(frozen=True)
class Run:
    condition: str
    added: int
    verdicts: Counter
    seconds: float

    @property
    def comparisons(self):
        return sum(self.verdicts.values())

    @property
    def alarmed(self):
        return self.verdicts["slower"] + self.verdicts["faster"] > 0


@dataclass(frozen=True)
class Rate:
    """So many of n, as percent with a 95 % interval."""
    k: int
    n: int

    @property
    def percent(self):
        return 100 * self.k / self.n if self.n else math.nan

    @property
    def interval(self):
        if self.n == 0:
            return math.nan, math.nan
        ends = binomtest(self.k, self.n).proportion_ci(method="exact")
        return 100 * ends.low, 100 * ends.high

    @property
    def low(self):
        return self.interval[0]

    @property
    def high(self):
        return self.interval[1]

    def __str__(self):
        return f"{self.k} of {self.n}: {self.percent:.2f} % ({self.low:.2f} to {self.high:.2f})"


# Running


@contextlib.contextmanager
def neighbour(options, condition, seed):
    """Beside what runs inside, where the condition has one. The kernels have the first CPU."""
    if condition == "quiet":
        yield
        return
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise SuiteError("a neighbour needs a second CPU")
    tenant = subprocess.Popen([f"{options.build}/tests/gate-study/neighbour", str(cpus[-1]),
                               str(seed)])
    try:
        yield
        if tenant.poll() is not None:
            raise SuiteError("the neighbour did not stay")
    finally:
        tenant.kill()
        tenant.wait()


def run_gate(options, condition, added, seed):
    command = [f"{options.build}/mlabench", "gate", "-q", "--json", "--suite", SUITE,
               "--seed", str(seed), "--base", f"{options.build}/tests/plugins/unchanged.so",
               "--head", f"{options.build}/tests/plugins/changed.so"]
    environment = dict(os.environ, MLABENCH_CHANGE=f"slower:{added}")
    start = time.monotonic()
    with neighbour(options, condition, seed):
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, env=environment)
    if done.returncode == 130:
        raise KeyboardInterrupt
    if done.returncode not in (0, 3):
        raise SuiteError(f"exit code {done.returncode}: {' '.join(command)}\n{done.stderr}")
    answer = json.loads(done.stdout)
    verdicts = Counter(c["verdict"].lower() for c in answer["comparisons"])
    if set(verdicts) - set(VERDICTS):
        raise SuiteError(f"not all kernels were compared: {dict(verdicts)}")
    if (done.returncode == 3) != (verdicts["slower"] > 0):
        raise SuiteError(f"exit code {done.returncode} with {verdicts['slower']} slower")
    return Run(condition, added, verdicts, time.monotonic() - start), answer


def plan(options):
    """All runs in random order, so that what changes with time befalls all alike."""
    runs = [(condition, added) for condition in options.conditions
            for added, count in RUNS.items() for _ in range(math.ceil(count * options.share))]
    random.Random(options.seed).shuffle(runs)
    return runs


def run_all(options, runs):
    """Appends to `runs` until all are done or the time is up; returns how many were not run."""
    planned = plan(options)
    start = time.monotonic()
    with open(options.out / "runs.jsonl", "w", encoding="utf-8") as log:
        for i, (condition, added) in enumerate(planned):
            passed = time.monotonic() - start
            if passed > 60 * options.minutes:
                return len(planned) - i
            if sys.stderr.isatty() or i % 10 == 0:
                print(f"  run {i + 1} of {len(planned)}, {passed / 60:.1f} min: {condition}, "
                      f"{added} % added", file=sys.stderr, flush=True)
            run, answer = run_gate(options, condition, added, options.seed * 1000 + i)
            runs.append(run)
            json.dump({"condition": condition, "added_pct": added, "seconds": run.seconds,
                       "gate": answer}, log)
            log.write("\n")
            log.flush()
    return 0


# Reporting


def rate_of(runs, condition, added, what):
    """What: a verdict, or as in TARGETS."""
    some = [r for r in runs if r.condition == condition and r.added == added]
    if what == "run with a false alarm":
        return Rate(sum(r.alarmed for r in some), len(some))
    wanted = ("slower", "faster") if what == "false alarm" else (what,)
    return Rate(sum(r.verdicts[v] for r in some for v in wanted), sum(r.comparisons for r in some))


def judge_targets(runs):
    """Prints how each target fares; returns them as rows, and whether all are reached."""
    rows, reached = [], True
    print("targets, by what was seen; sure where the interval lies within:")
    for condition, added, what, bound, target in TARGETS:
        rate = rate_of(runs, condition, added, what)
        if rate.n == 0:
            continue
        most = bound == "at most"
        good = rate.percent <= target if most else rate.percent >= target
        sure = rate.high <= target if most else rate.low >= target
        outcome = "MISSED" if not good else "reached, surely" if sure else "reached"
        reached &= good
        label = what if added == 0 else f"{what} at {added} %"
        print(f"  {condition:6} {label:24} {bound:8} {target:4g} %  {outcome:16} {rate}")
        rows.append({"condition": condition, "added_pct": added, "what": what, "bound": bound,
                     "target_pct": target, "outcome": outcome, "count": rate.k, "of": rate.n,
                     "low_pct": rate.low, "high_pct": rate.high})
    worse = sum(r.verdicts["faster"] for r in runs if r.added > 0) \
        + sum(r.verdicts["equal"] for r in runs if r.added > 3)
    print(f"  a slowdown taken for a speed-up, or one beyond the limit for none: {worse}")
    rows.append({"what": "worse than unresolved", "outcome": "MISSED" if worse else "reached",
                 "count": worse})
    return rows, reached and worse == 0


def report(options, runs, left):
    print(f"{'':8} {'added':>6} {'runs':>5} {'n':>5}  " + "".join(f"{v:>32}" for v in VERDICTS))
    table = []
    for condition in options.conditions:
        for added in RUNS:
            rates = {v: rate_of(runs, condition, added, v) for v in VERDICTS}
            n = rates["slower"].n
            if n == 0:
                continue
            count = sum(r.condition == condition and r.added == added for r in runs)
            cells = [f"{r.k} ({r.percent:.1f}, {r.low:.1f} to {r.high:.1f} %)"
                     for r in rates.values()]
            print(f"{condition:8} {added:4} % {count:5} {n:5}  "
                  + "".join(f"{c:>32}" for c in cells))
            table.append({"condition": condition, "added_pct": added, "runs": count, "n": n}
                         | {f"{v}{s}": x for v, r in rates.items() for s, x in
                            (("", r.k), ("_pct", r.percent), ("_low", r.low), ("_high", r.high))})
    targets, reached = judge_targets(runs)
    if left:
        print(f"{left} runs were not made: the time was up")
    with open(options.out / "rates.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    with open(options.out / "rates.json", "w", encoding="utf-8") as file:
        whole = options.share == 1 and len(runs) == len(CONDITIONS) * sum(RUNS.values())
        json.dump({"origin": origin(options.build, "make gate-study", whole), "rates": table,
                   "targets": targets, "runs_left": left}, file, indent=1)
    write_tex(options, table)
    draw_rates(options, table)
    print(f"figures: {options.out}/rates.csv, rates.json and, of every comparison, runs.jsonl")
    return reached


def write_tex(options, table):
    lines = ["% A tabular; needs the package booktabs.",
             rf"\begin{{tabular}}{{@{{}}lrr{'r' * len(VERDICTS)}c@{{}}}}", r"\toprule",
             " & ".join(["machine", r"added, \%", "n", *(rf"{v}, \%" for v in VERDICTS),
                         rf"{VERDICTS[0]}: 95\,\% interval"]) + r" \\", r"\midrule"]
    for row in table:
        shares = [f"{row[v + '_pct']:.1f}" for v in VERDICTS]
        lines.append(" & ".join([row["condition"], str(row["added_pct"]), f"{row['n']:,}", *shares,
                                 f"{row[VERDICTS[0] + '_low']:.1f}--{row[VERDICTS[0] + '_high']:.1f}"])
                     + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}"]
    (options.out / "gate.tex").write_text("\n".join(lines) + "\n", encoding="utf-8")


def draw_rates(options, table):
    """A block per condition: x, added, then each verdict's percent, the interval of slower."""
    blocks = []
    for condition in options.conditions:
        rows = [r for r in table if r["condition"] == condition]
        blocks.append("\n".join(
            "\t".join([str(i), str(r["added_pct"])] + [f"{r[v + '_pct']:.4f}" for v in VERDICTS]
                      + [f"{r['slower_low']:.4f}", f"{r['slower_high']:.4f}", str(r["n"])])
            for i, r in enumerate(rows)) + "\n")
    draw(options.out, "gate", "What the gate says of a known slowdown", blocks,
         [" ".join(options.conditions), " ".join(VERDICTS), " ".join(VERDICTS),
          "work added to the kernel, %"])


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build", help="where mlabench and its tests were built")
    parser.add_argument("--out", type=Path, default=None, help="a folder (BUILD/gate-study)")
    parser.add_argument("--minutes", type=float, default=30, help="begin no run after that (30)")
    parser.add_argument("--share", type=float, default=1, help="of the runs, e.g. 0.1 for a look")
    parser.add_argument("--conditions", default=",".join(CONDITIONS),
                        type=lambda text: text.split(","), help="of quiet and noisy")
    parser.add_argument("--seed", type=int, default=1, help="of all random numbers (1)")
    options = parser.parse_args()
    options.out = options.out or Path(options.build) / "gate-study"
    if set(options.conditions) - set(CONDITIONS):
        parser.error(f"--conditions: one or both of {', '.join(CONDITIONS)}")
    if not (options.share > 0 and options.minutes > 0):
        parser.error("--share and --minutes are above 0")
    return options


def main():
    options = read_options()
    options.out.mkdir(parents=True, exist_ok=True)
    runs, interrupted, left = [], False, 0
    try:
        left = run_all(options, runs)
    except KeyboardInterrupt:
        interrupted = True
    except (SuiteError, OSError) as error:
        print(f"gate_study: {error}", file=sys.stderr)
        return 2
    reached = bool(runs) and report(options, runs, left)
    return 130 if interrupted else 0 if reached and not left else 1


if __name__ == "__main__":
    sys.exit(main())
