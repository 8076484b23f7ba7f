#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who would have noticed: the broken kernels of tests/mutants under other projects' acceptance
tests (`mlabench judge`), beside mlabench's own verdict, which `make mutants` leaves in matrix.json.
`make judges` runs it.

A test applies to a mutant if it can run the kernel that the mutant is made from. Mutants to which
no other project's test applies (those of MHA kernels) are not counted, nor are those that are said
to be equivalent. All tests but one run attention alone, so that no fault of the layer around it can
show in them: counts are given of the mutants in attention, and of all.

Exit codes: 0 however many the others miss, 1 one of them notices what mlabench does not or what is
said to be equivalent, 2 the suite itself is at fault: above all if a kernel that is not broken is
noticed, as verdicts prove nothing then."""
import csv
import itertools
import json
import os
import shlex
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

from mutants import (Builder, Mutant, SuiteError, block, by_group, choose, control_of, controls_of,
                     description, draw, exit_code, in_parallel, option_parser, read_mutants,
                     without_errors)
from provenance import origin

OWN = "mlabench"

# Headings in the table of mutants and names elsewhere; criteria that are not here keep their own.
NAMES = {
    OWN: ("mlab", "mlabench verify"),
    "flashmla": ("fmla", "FlashMLA, dense decode"),
    "flashinfer-bench": ("fi-b", "flashinfer, benchmark"),
    "flashinfer-test": ("fi-t", "flashinfer, unit tests"),
    "llama.cpp": ("llam", "llama.cpp, backend ops"),
    "sglang": ("sgl", "SGLang, CPU decode"),
    "vllm": ("vllm", "vLLM, CPU decode"),
    "ktransformers": ("ktra", "ktransformers, layer"),
}

# Plug-ins in one process. Each process computes the references and judges the built-in kernels,
# which takes it half a minute.
BATCH = 64
# What judge's own limits, twenty seconds for a kernel that hangs, keep every batch far below.
BATCH_LIMIT_S = 1800 + 60 * BATCH
INTERRUPTED = 130


@dataclass(frozen=True)
class Judged:
    """A mutant and, by the name of who judged it, whether it was noticed; None: not applicable."""
    mutant: Mutant
    noticed: dict
    reasons: dict

    @property
    def counts(self):
        return not self.mutant.equivalent and self.noticed[OWN] is not None

    @property
    def in_attention(self):
        return not self.mutant.verbs

    @property
    def others(self):
        """Who but mlabench noticed it."""
        return [judge for judge, noticed in self.noticed.items() if noticed and judge != OWN]


@dataclass(frozen=True)
class Count:
    noticed: int
    of: int

    def __str__(self):
        return f"{self.noticed} of {self.of}" if self.of else "n/a"

    @property
    def share(self):
        return self.noticed / self.of if self.of else -1


@dataclass(frozen=True)
class Total:
    judge: str
    attention: Count
    all: Count


def heading(judge):
    return NAMES.get(judge, (judge, judge))[0]


def label(judge):
    return NAMES.get(judge, (judge, judge))[1]


# Judging


def own_verdicts(folder, mutants):
    """Whether mlabench noticed, by mutant; refuses a matrix that is of other mutants than these."""
    path = folder / "matrix.json"
    if not path.exists():
        raise SuiteError(f"there is no {path}: make mutants has to run first")
    entries = {entry["name"]: entry
               for entry in json.loads(path.read_text(encoding="utf-8"))["mutants"]}
    for mutant in mutants:
        entry = entries.get(mutant.name, {})
        if any(entry.get(key) != value for key, value in description(mutant).items()):
            raise SuiteError(f"{path} is not of mutant {mutant.name} as it is: make mutants has to "
                             "run first")
    return {m.name: entries[m.name]["status"] in ("killed", "not equivalent") for m in mutants}


def run_judge(options, plugins):
    command = [f"{options.build}/mlabench", "judge", "-q", "--json"]
    for plugin in plugins:
        command += ["--plugin", str(plugin)]
    environment = dict(os.environ, OMP_WAIT_POLICY="passive")
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, env=environment, timeout=BATCH_LIMIT_S)
    except subprocess.TimeoutExpired as late:
        raise SuiteError(f"no verdict within {BATCH_LIMIT_S} s: {shlex.join(command)}") from late
    if done.returncode == INTERRUPTED:
        raise KeyboardInterrupt
    if done.returncode:
        raise SuiteError(f"exit code {done.returncode}: {shlex.join(command)}\n"
                         + done.stderr[-2000:])
    if options.progress:
        print(f"  judged {len(plugins)} plug-ins", file=sys.stderr, flush=True)
    return json.loads(done.stdout)


def judge_batch(options, plugins):
    """The answers for all plug-ins. A batch that fails is halved until the plug-in at fault is
    alone; its answer is the SuiteError."""
    try:
        return [run_judge(options, plugins)]
    except SuiteError as error:
        half = len(plugins) // 2
        if half == 0:
            return [error]
        return judge_batch(options, plugins[:half]) + judge_batch(options, plugins[half:])


def judge_all(options, plugins):
    count = min(len(plugins), options.jobs * -(-len(plugins) // (BATCH * options.jobs)))
    batches = [plugins[i::count] for i in range(count)]
    answers = in_parallel(options.jobs, lambda batch: judge_batch(options, batch), batches)
    return list(itertools.chain.from_iterable(answers))


def refuse_noticed(answers, mutants):
    """Every kernel that is not broken, built-in or control, has to pass every test."""
    broken = {m.name for m in mutants}
    for answer in answers:
        for entry in answer["kernels"]:
            for criterion, verdict in entry["verdicts"].items():
                if entry["kernel"] not in broken and verdict["noticed"]:
                    raise SuiteError(f"{entry['kernel']} is not broken, yet {criterion} notices "
                                     f"it, so that verdicts prove nothing: {verdict['reason']}")


def put_together(mutants, answers, own):
    """What became of each mutant that was judged."""
    verdicts = {entry["kernel"]: entry["verdicts"] for a in answers for entry in a["kernels"]}
    judged = []
    for m in mutants:
        control = verdicts.get(control_of(m).name)
        if m.name not in verdicts or not control:
            continue
        noticed, reasons = {OWN: None}, {}
        for criterion, verdict in verdicts[m.name].items():
            applies = control[criterion]["noticed"] is not None
            noticed[criterion] = bool(verdict["noticed"]) if applies else None
            reasons[criterion] = verdict["reason"]
        if any(n is not None for n in noticed.values()):
            noticed[OWN] = own[m.name]
        judged.append(Judged(m, noticed, reasons))
    return judged


# Reporting


def count(judged, judge):
    relevant = [j.noticed[judge] for j in judged
                if j.counts and j.noticed[judge] is not None]
    return Count(sum(relevant), len(relevant))


def totals_of(judged):
    """One for each judge, the largest share first."""
    attention = [j for j in judged if j.in_attention]
    totals = [Total(name, count(attention, name), count(judged, name))
              for name in judged[0].noticed]
    return sorted(totals, key=lambda t: (-t.attention.share, -t.all.share))


def print_table(judged):
    judges = list(judged[0].noticed)
    headings = [heading(name) for name in judges]
    widest = max(len(j.mutant.name) for j in judged)
    marks = {True: "x", False: ".", None: ""}
    for group, members in by_group(judged).items():
        print(f"\n{group:{widest + 2}} {' '.join(headings)}")
        for j in members:
            row = " ".join(marks[j.noticed[n]].center(len(h)) for n, h in zip(judges, headings))
            note = "equivalent" if j.mutant.equivalent else ""
            print(f"  {j.mutant.name:{widest}} {row} {note}".rstrip())
    legend = "; ".join(f"{h}: {label(n)}" for n, h in zip(judges, headings))
    print("\n" + textwrap.fill(legend, 100))
    print("x: noticed, .: not noticed, blank: not applicable")


def print_totals(judged, totals):
    widest = max(len(t.judge) for t in totals)
    print(f"\n{'noticed':{widest}}  {'in attention':>14}  {'in all':>14}")
    for t in totals:
        print(f"{t.judge:{widest}}  {str(t.attention):>14}  {str(t.all):>14}")
    alone = Count(sum(j.counts and j.noticed[OWN] and not j.others for j in judged),
                  sum(j.counts for j in judged))
    print(f"{alone} are noticed by {OWN} alone")


def surprises(judged):
    """What others notice and mlabench does not, a line for each."""
    lines = []
    for j in judged:
        if j.others and not j.noticed[OWN]:
            wrong = "said to be equivalent" if j.mutant.equivalent else f"not noticed by {OWN}"
            lines.append(f"{wrong}: {j.mutant.name}, yet noticed by {j.others[0]}: "
                         + j.reasons[j.others[0]])
    return lines


def total_as_json(total):
    return {"judge": total.judge, "name": label(total.judge),
            "in_attention": {"noticed": total.attention.noticed, "of": total.attention.of},
            "all": {"noticed": total.all.noticed, "of": total.all.of}}


def judged_as_json(j):
    return {**description(j.mutant), "in_attention": j.in_attention, "counts": j.counts,
            "noticed": j.noticed,
            "reasons": {judge: reason for judge, reason in j.reasons.items() if reason}}


def write_json(folder, criteria, judged, totals, where):
    content = {"origin": where, "criteria": criteria,
               "totals": [total_as_json(t) for t in totals],
               "mutants": [judged_as_json(j) for j in judged]}
    with open(folder / "judges.json", "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.write("\n")


def write_csv(folder, judged):
    judges = list(judged[0].noticed)
    marks = {True: 1, False: 0, None: ""}
    with open(folder / "judges.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["group", "kernel", "mutant", *judges, "bug"])
        for j in judged:
            m = j.mutant
            table.writerow([m.group, m.kernel, m.name, *(marks[j.noticed[n]] for n in judges),
                            m.bug])


def tex_cells(counted):
    """Noticed, of how many, and the share."""
    if not counted.of:
        return r"\multicolumn{2}{r}{n/a}"
    return rf"{counted.noticed}/{counted.of} & {100 * counted.share:.0f}\,\%"


def write_tex(folder, totals):
    lines = ["% Needs the package booktabs.",
             r"\begin{tabular}{@{}lrrrr@{}}", r"\toprule",
             r"& \multicolumn{4}{r@{}}{Broken kernels noticed} \\",
             r"Test & \multicolumn{2}{r}{in attention} & \multicolumn{2}{r@{}}{in all} \\",
             r"\midrule",
             *(rf"{label(t.judge)} & {tex_cells(t.attention)} & {tex_cells(t.all)} \\"
               for t in totals),
             r"\bottomrule", r"\end{tabular}"]
    (folder / "judges.tex").write_text("\n".join(lines) + "\n", encoding="utf-8")


def draw_totals(folder, totals):
    """A row per judge; the two series are the mutants in attention and all of them."""
    def rows(counts):
        return block([[y, label(t.judge), 100 * c.share if c.of else "NaN",
                       f"{c.noticed}/{c.of}"]
                      for y, (t, c) in enumerate(zip(totals, counts))], 4)

    space = "\N{NO-BREAK SPACE}"
    labels = " ".join(text.replace(" ", space) for text in
                      ("of those broken in attention", "of all, layers around it too"))
    draw(folder, "judges", "Broken kernels that a project's tests notice",
         [rows([t.attention for t in totals]), rows([t.all for t in totals])],
         ["one", "attention all", labels, "% noticed"])


# Running it all


def make_plugins(options, mutants):
    """The plug-ins of the mutants' controls and the mutants, those at hand left as they are."""
    builder = Builder(options)

    def plugin(mutant):
        return builder.path(mutant) if builder.is_current(mutant) else builder.plugin(mutant)

    # Controls come last: what a mutant spoils for those after it shows in them.
    return without_errors(in_parallel(options.jobs, plugin, mutants + controls_of(mutants)))


def report(folder, criteria, judged, where):
    totals = totals_of(judged)
    print_table(judged)
    print_totals(judged, totals)
    write_json(folder, criteria, judged, totals, where)
    write_csv(folder, judged)
    write_tex(folder, totals)
    draw_totals(folder, totals)


def run_suite(options):
    folder = Path(options.build) / "mutants"
    everything = read_mutants()
    mutants = choose(options, everything)
    own = own_verdicts(folder, mutants)
    results = judge_all(options, make_plugins(options, mutants))
    answers = [r for r in results if not isinstance(r, SuiteError)]
    judged = put_together(mutants, answers, own)
    if judged:
        whole = len(answers) == len(results) and len(mutants) == len(everything)
        report(folder, answers[0]["criteria"], judged, origin(options.build, "make judges", whole))
    without_errors(results)
    refuse_noticed(answers, mutants)
    unexpected = surprises(judged)
    for line in unexpected:
        print(line)
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(exit_code(run_suite, option_parser("Who notices the mutants of tests/mutants.")
                       .parse_args()))
