#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proof that the verifier can fail: breaks kernels on purpose, each in one way that people really
get wrong, and requires `mlabench verify` to notice. `make mutants` runs it.

A mutant is a text substitution in the sources of a kernel, kept in tests/mutants/GROUP.mutants:

    kernel: absorbed                    the kernel that it breaks
    verbs: FILE                         C source whose layer_verbs(kernel) adds verbs (optional)

    mutant: wuk-of-head-0               its name: lower case, digits, '-'
    bug: one sentence, for the matrix
    equivalent: why no test can tell it from the right one (optional)
    file: kernels/absorbed.c            what the substitutions below are in
    - const float *weights = wuk(p, head);
    + const float *weights = wuk(p, 0);

What stands before a file's first mutant holds for all of them. The text of consecutive `-` lines
must occur exactly once in the file, wherever in a line it begins, and is replaced by that of the
`+` lines after it; several such pairs, and several files, make up one mutant. Lines that begin with
# are comments.

Each mutant becomes a plug-in of one kernel, linked from the objects of the normal build and those
of the sources that its substitutions reach. So does each kernel as it is, as a control: if one of
those fails, kills prove nothing. Exit codes: 0 all killed, 1 one survived (or was said to be
equivalent and is not), 2 the suite itself is at fault."""
import argparse
import csv
import fnmatch
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement
from pathlib import Path

from provenance import origin

SCRIPT = Path(__file__).resolve()
FOLDER = Path("tests/mutants")
NAME = re.compile(r"[a-z0-9-]{1,40}$")
HANGS_AFTER_S = 600

# Columns of the matrix, with headings for text; checks that are not here follow, as they are named.
CHECKS = {
    "random": "rand",
    "inputs": "inpt",
    "paged": "page",
    "top-k": "topk",
    "sinks": "sink",
    "cache": "cach",
    "bounds": "bnds",
    "read-only": "rdon",
    "unwritten": "unwr",
    "status": "stat",
    "crash": "crsh",
    "hang": "hang",
    "leak": "leak",
    "layer": "layr",
    "certificate": "cert",
}


class SuiteError(Exception):
    """The suite is at fault, not a mutant."""


@dataclass(frozen=True)
class Edit:
    file: str
    find: str
    replace: str


@dataclass(frozen=True)
class Mutant:
    group: str
    name: str
    kernel: str
    bug: str = ""
    verbs: str = ""
    equivalent: str = ""
    edits: tuple = ()


@dataclass
class Outcome:
    mutant: Mutant
    killed: bool
    failures: list = field(default_factory=list)

    @property
    def columns(self):
        return {failure["check"].split(":")[0] for failure in self.failures}

    @property
    def status(self):
        if not self.mutant.edits:
            return "failed" if self.killed else "passed"
        if self.mutant.equivalent:
            return "not equivalent" if self.killed else "equivalent"
        return "killed" if self.killed else "survived"


# Reading


class Reader:
    """Takes a .mutants file line by line."""

    SETTINGS = ("kernel", "verbs", "mutant", "bug", "equivalent", "file")

    def __init__(self, path):
        self.path = path
        self.defaults = {}
        self.now = self.defaults
        self.mutants = []

    def refuse(self, number, message):
        raise SuiteError(f"{self.path}:{number}: {message}")

    def setting(self, number, line):
        key, colon, value = line.partition(":")
        if not colon or key not in self.SETTINGS:
            self.refuse(number, f"'{line}', accepted: - or + and a text, or one of "
                        + ", ".join(f"{s}:" for s in self.SETTINGS))
        if key == "mutant":
            self.finish(number)
            self.now = dict(self.defaults, edits=[])
        self.now[key] = value.strip()

    def text(self, number, line):
        sign, text = line[0], line[2:]
        if "edits" not in self.now or "file" not in self.now:
            self.refuse(number, "a substitution before mutant: and file:")
        edits = self.now["edits"]
        if sign == "-" and (not edits or "+" in edits[-1] or edits[-1]["file"] != self.now["file"]):
            edits.append({"file": self.now["file"], "-": []})
        if not edits or edits[-1]["file"] != self.now["file"]:
            self.refuse(number, "a replacement of nothing")
        edits[-1].setdefault(sign, []).append(text)

    def finish(self, number):
        """Adds the mutant that ends here."""
        if "mutant" not in self.now:
            return
        name = self.now["mutant"]
        if not NAME.match(name):
            self.refuse(number, f"mutant '{name}', accepted: lower case, digits, '-', at most 40")
        for key in ("kernel", "bug", "edits"):
            if not self.now.get(key):
                self.refuse(number, f"mutant {name} has no {key}")
        edits = tuple(Edit(e["file"], "\n".join(e["-"]), "\n".join(e.get("+", [])))
                      for e in self.now["edits"])
        self.mutants.append(Mutant(self.path.stem, name, self.now["kernel"], self.now["bug"],
                                   self.now.get("verbs", ""), self.now.get("equivalent", ""),
                                   edits))

    def read(self):
        number = 0
        for number, line in enumerate(self.path.read_text(encoding="utf-8").split("\n"), 1):
            if line.startswith(("-", "+")):
                self.text(number, line)
            elif line.strip() and not line.startswith("#"):
                self.setting(number, line)
        self.finish(number)
        return self.mutants


def instruction_sets():
    listed = Path("kernels/simd/isas.def").read_text(encoding="utf-8")
    return re.findall(r"^SIMD_ISA\((\w+)\)", listed, re.M)


def kernel_names():
    """In the order of kernels.def, its symbols as the command line spells them; those that exist
    for each instruction set once for each."""
    listed = Path("kernels/kernels.def").read_text(encoding="utf-8")
    names = []
    for symbol, for_each in re.findall(r"\bKERNEL\(mla_(\w+?)(_##name)?\)", listed):
        names += [f"{symbol}_{isa}" for isa in instruction_sets()] if for_each else [symbol]
    return [name.replace("_", "-") for name in names]


def read_mutants():
    """All groups: kernels first, as kernels.def has them, then the rest by name."""
    known = kernel_names()

    def place(path):
        return (known.index(path.stem) if path.stem in known else len(known), path.stem)

    mutants = []
    for path in sorted(FOLDER.glob("*.mutants"), key=place):
        mutants += Reader(path).read()
    for mutant in mutants:
        if sum(other.name == mutant.name for other in mutants) > 1:
            raise SuiteError(f"there are two mutants named {mutant.name}")
        if mutant.kernel not in known:
            raise SuiteError(f"mutant {mutant.name}: there is no kernel {mutant.kernel}")
    return mutants


def isa_of(mutant):
    """The instruction set that its kernel is named after, or None."""
    last = mutant.kernel.rpartition("-")[2]
    return last if last in instruction_sets() else None


def control_of(m):
    """What the mutant is made from, unbroken."""
    name = f"control-{Path(m.verbs).stem}-{m.kernel}" if m.verbs else f"control-{m.kernel}"
    return replace(m, name=name, bug="", equivalent="", edits=())


def controls_of(mutants):
    controls = {control.name: control for control in map(control_of, mutants)}
    return list(controls.values())


# Building

REGISTRY = """#include "kernels/kernel.h"

extern const struct mla_kernel {symbol};
void layer_verbs(struct mla_kernel *kernel);

const struct mla_registry *mla_kernels(void)
{{
    static struct mla_kernel kernel;
    static const struct mla_kernel *const kernels[] = {{&kernel}};
    static const struct mla_registry registry = {{.abi = MLA_ABI, .count = 1, .kernels = kernels}};
    kernel = {symbol};
    kernel.name = "{name}";
    {add_verbs}
    return &registry;
}}
"""


class Builder:
    def __init__(self, options):
        self.build = Path(options.build)
        self.folder = self.build / "mutants"
        self.cc = options.cc
        self.flags = shlex.split(options.flags) + ["-w"]
        self.simd_flags = dict(pair.split("=", 1) for pair in options.simd_flags)
        self.libs = shlex.split(options.libs)
        # A build folder keeps the objects of sources that have since been moved.
        self.objects = [path for path in sorted((self.build / "kernels").rglob("*.o"))
                        if Path(self.source_of(path)[0]).exists()]
        self.objects.remove(self.build / "kernels/registry.o")

    def source_of(self, path):
        """What an object, or the list of what it depends on, is made from, and the instruction set
        that it is built for, if it is one of kernels/simd."""
        made_of = path.relative_to(self.build).with_suffix("")
        if made_of.parent.name != "simd":
            return f"{made_of}.c", None
        stem, _, built_for = made_of.name.rpartition("-")
        return f"{made_of.parent / stem}.c", built_for

    def reached(self, files, isa):
        """Object (below the build folder) and source of what is in kernels/ and is one of the files
        or includes one. Of kernels/simd only what is built for that instruction set: the rest is
        of other kernels, and stays as it is."""
        made = {}
        for path in sorted((self.build / "kernels").rglob("*.d")):
            words = path.read_text(encoding="utf-8").replace("\\\n", " ").split()
            source, built_for = self.source_of(path)
            if built_for not in (None, isa) or not Path(source).exists():
                continue
            if files & set(words) and source != "kernels/registry.c":
                made[str(path.relative_to(self.build).with_suffix(".o"))] = source
        return made

    def run(self, mutant, command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SuiteError(f"mutant {mutant.name} does not build: {shlex.join(command)}\n"
                             + done.stderr)

    def compile(self, mutant, overlay, name, source):
        """Returns the object, named below the overlay as the normal build names it. The overlay's
        files are used in place of the tree's."""
        changed = overlay / source
        made = overlay / name
        made.parent.mkdir(parents=True, exist_ok=True)
        simd = []
        if Path(source).parent.name == "simd":
            isa = isa_of(mutant)
            simd = shlex.split(self.simd_flags[isa]) + [f"-DISA={isa}", f"-DISA_{isa}"]
        self.run(mutant, [self.cc, f"-I{overlay}", *self.flags, *simd, "-c", "-o", str(made),
                          str(changed if changed.exists() else source)])
        return made

    def write_overlay(self, mutant, overlay):
        shutil.rmtree(overlay, ignore_errors=True)
        texts = substitute(mutant)
        registry = REGISTRY.format(symbol="mla_" + mutant.kernel.replace("-", "_"),
                                   name=mutant.name,
                                   add_verbs="layer_verbs(&kernel);" if mutant.verbs else "")
        for file, text in {**texts, "plugin.c": registry}.items():
            path = overlay / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return set(texts)

    def path(self, mutant):
        return self.folder / f"{mutant.name}.so"

    def is_current(self, mutant):
        """Whether its plug-in is newer than all that it is made from."""
        path = self.path(mutant)
        # What is in kernels/ is older than its object.
        made_from = [*self.objects, FOLDER / f"{mutant.group}.mutants", SCRIPT]
        if mutant.verbs:
            made_from.append(Path(mutant.verbs))
        return path.exists() and all(source.stat().st_mtime < path.stat().st_mtime
                                     for source in made_from)

    def plugin(self, mutant):
        """Makes the plug-in and returns its path."""
        overlay = self.folder / mutant.name
        files = self.write_overlay(mutant, overlay)
        own = self.reached(files, isa_of(mutant))
        if mutant.verbs:
            own[str(Path(mutant.verbs).with_suffix(".o"))] = mutant.verbs
        unreached = {f for f in files if f.endswith(".c")} - set(own.values())
        if unreached or (files and not own):
            raise SuiteError(f"mutant {mutant.name}: no object is built from {sorted(files)}")
        own["plugin.o"] = "plugin.c"
        made = {name: self.compile(mutant, overlay, name, source) for name, source in own.items()}
        reused = [o for o in self.objects if str(o.relative_to(self.build)) not in made]
        path = self.path(mutant)
        self.run(mutant, [self.cc, *self.flags, "-shared", "-Wl,-Bsymbolic", "-o", str(path),
                          *map(str, [*made.values(), *reused]), *self.libs])
        return path


def substitute(mutant):
    """The texts of the files that the mutant changes."""
    texts = {}
    for edit in mutant.edits:
        text = texts.get(edit.file) or Path(edit.file).read_text(encoding="utf-8")
        count = text.count(edit.find)
        if count != 1:
            raise SuiteError(f"mutant {mutant.name}: its text occurs {count} times in {edit.file} "
                             f"instead of once:\n{edit.find}")
        texts[edit.file] = text.replace(edit.find, edit.replace)
    return texts


# Running


def verify(options, mutant, plugin):
    """Runs the verifier on a plug-in's kernel and returns the outcome."""
    command = [f"{options.build}/mlabench", "verify", "--plugin", str(plugin), "--kernel",
               mutant.name, "-q", "--json"]
    if options.fail_fast:
        command.append("--fail-fast")
    # Threads that wait sleep: there may be more of them than CPUs.
    environment = dict(os.environ, OMP_WAIT_POLICY="passive")
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, env=environment, timeout=HANGS_AFTER_S)
    except subprocess.TimeoutExpired as late:
        raise SuiteError(f"mutant {mutant.name}: no verdict within {HANGS_AFTER_S} s: "
                         + shlex.join(command)) from late
    if done.returncode not in (0, 1):
        raise SuiteError(f"mutant {mutant.name}: exit code {done.returncode}: "
                         f"{shlex.join(command)}\n{done.stderr[-2000:]}")
    return read_summary(mutant, done.returncode == 1, json.loads(done.stdout))


def read_summary(mutant, killed, summary):
    ours = [k for k in summary["kernels"] if k["kernel"] == mutant.name]
    if len(ours) != 1 or killed != (ours[0]["failed"] > 0):
        raise SuiteError(f"mutant {mutant.name}: exit code and summary disagree: {ours}")
    return Outcome(mutant, killed, summary["failures"])


def in_parallel(jobs, work, items):
    """work(item) for each, in order; an item whose work is at fault stands as its SuiteError."""

    def guarded(item):
        try:
            return work(item)
        except SuiteError as error:
            return error

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(guarded, items))


def without_errors(results):
    errors = [r for r in results if isinstance(r, SuiteError)]
    if errors:
        raise SuiteError("\n".join(map(str, errors)))
    return results


def run_all(options, builder, mutants):
    """The outcomes, in order; errors of single runs stand among them."""

    def one(pair):
        outcome = verify(options, *pair)
        if options.progress:
            print(f"  {outcome.status:14} {outcome.mutant.name}", file=sys.stderr, flush=True)
        return outcome

    controls = controls_of(mutants)
    made = without_errors(in_parallel(options.jobs, builder.plugin, controls + mutants))
    plugins = list(zip(controls + mutants, made))
    for outcome in without_errors(in_parallel(options.jobs, one, plugins[:len(controls)])):
        if outcome.killed:
            raise SuiteError(f"{outcome.mutant.name} is not broken and fails, so that kills prove "
                             f"nothing: {outcome.failures[0]['reason']}")
    print(f"{len(controls)} controls passed, {len(mutants)} mutants built", flush=True)
    return in_parallel(options.jobs, one, plugins[len(controls):])


# Reporting


def columns_of(outcomes):
    """The matrix's columns that have a mark, in a fixed order."""
    used = set().union(*(o.columns for o in outcomes))
    return [c for c in CHECKS if c in used] + sorted(used - set(CHECKS))


def by_group(outcomes):
    groups = {}
    for outcome in outcomes:
        groups.setdefault(outcome.mutant.group, []).append(outcome)
    return groups


def print_matrix(outcomes):
    columns = columns_of(outcomes)
    headings = [CHECKS.get(c, c) for c in columns]
    widest = max(len(o.mutant.name) for o in outcomes)
    for group, members in by_group(outcomes).items():
        print(f"\n{group:{widest + 2}} {' '.join(headings)}")
        for o in members:
            marks = " ".join(("x" if c in o.columns else ".").center(len(h))
                             for c, h in zip(columns, headings))
            note = "" if o.killed and not o.mutant.equivalent else o.status
            print(f"  {o.mutant.name:{widest}} {marks} {note}".rstrip())
    print("\n" + ", ".join(f"{h}: {c}" for h, c in zip(headings, columns) if h != c))


def print_conclusion(outcomes):
    """What needs somebody's attention, then the closing line."""
    count = {status: 0 for status in ("killed", "survived", "equivalent", "not equivalent")}
    for o in outcomes:
        count[o.status] += 1
        if o.status == "survived":
            print(f"survived: {o.mutant.name} ({o.mutant.kernel}): {o.mutant.bug}")
        if o.status == "not equivalent":
            print(f"said to be equivalent, yet killed: {o.mutant.name} ({o.mutant.kernel}): "
                  f"{o.failures[0]['reason']}")
    print(f"{count['killed'] + count['not equivalent']} killed, {count['survived']} survived, "
          f"{count['equivalent']} equivalent")


def description(mutant):
    """The members of a mutant in JSON that do not depend on what came of it."""
    return {"name": mutant.name, "group": mutant.group, "kernel": mutant.kernel,
            "bug": mutant.bug, "equivalent": mutant.equivalent or None}


def as_json(outcome):
    return {**description(outcome.mutant), "status": outcome.status,
            "checks": sorted({f["check"] for f in outcome.failures}),
            "failures": outcome.failures}


def write_tables(folder, outcomes, where):
    columns = columns_of(outcomes)
    with open(folder / "matrix.json", "w", encoding="utf-8") as file:
        json.dump({"origin": where, "columns": columns,
                   "mutants": [as_json(o) for o in outcomes]}, file, indent=1)
        file.write("\n")
    with open(folder / "matrix.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["group", "kernel", "mutant", "status", *columns, "bug"])
        for o in outcomes:
            marks = [int(c in o.columns) for c in columns]
            table.writerow([o.mutant.group, o.mutant.kernel, o.mutant.name, o.status, *marks,
                            o.mutant.bug])


def write_tex(folder, outcomes):
    """A row per broken kernel's kernel: how many there are, are found, and by each check."""
    columns = columns_of(outcomes)
    lines = ["% A tabular; needs the package booktabs.",
             rf"\begin{{tabular}}{{@{{}}l{'r' * (2 + len(columns))}@{{}}}}", r"\toprule",
             " & ".join(["broken", "mutants", "found", *columns]) + r" \\", r"\midrule"]

    def row(name, members):
        found = sum(o.killed for o in members)
        marks = [str(sum(c in o.columns for o in members)) for c in columns]
        return " & ".join([name, str(len(members)), str(found), *marks]) + r" \\"

    lines += [row(group, members) for group, members in by_group(outcomes).items()]
    lines += [r"\midrule", row("all", outcomes), r"\bottomrule", r"\end{tabular}"]
    equivalent = sum(o.status == "equivalent" for o in outcomes)
    if equivalent:
        lines += ["", r"\smallskip{\footnotesize " f"{equivalent} are equivalent to the kernel that "
                  r"they change, so that nothing can find them.\par}"]
    (folder / "mutants.tex").write_text("\n".join(lines) + "\n", encoding="utf-8")


# Drawing

PANELS = ("left", "middle", "right")


def columns_of_groups(outcomes, number):
    """The groups in so many columns as even as they can be: lists of (group, members)."""
    groups = list(by_group(outcomes).items())
    heights = [len(members) + 1 for _, members in groups]

    def split(values, cuts):
        return [values[i:j] for i, j in zip((0, *cuts), (*cuts, len(groups)))]

    cuts = min(combinations_with_replacement(range(len(groups) + 1), number - 1),
               key=lambda c: max(map(sum, split(heights, c))))
    return [column for column in split(groups, cuts) if column]


def block(rows, width):
    """A data block for gnuplot, which wants a row in each."""
    rows = rows or [["NaN"] * width]
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def plot_data(outcomes, columns):
    """For each column its headings [y, group], rows [y, mutant, status] and marks [x, y]."""
    blocks = []
    for column in columns_of_groups(outcomes, len(PANELS)):
        headings, rows, marks = [], [], []
        y = 0
        for group, members in column:
            headings.append([y, group])
            for y, o in enumerate(members, y + 1):
                note = " (equivalent)" if o.mutant.equivalent else ""
                rows.append([y, o.mutant.name + note, o.status])
                marks += [[x, y] for x, c in enumerate(columns) if c in o.columns]
            y += 1
        blocks += [block(headings, 2), block(rows, 3), block(marks, 2)]
    return blocks


def draw(folder, figure, title, blocks, words):
    """plots/FIGURE.svg, .pdf and .png, through the scripts of all plots; draw.gp says what the
    words are. They are kept, with the title, beside the data: FIGURE.words."""
    for name in ("data", "plots"):
        (folder / name).mkdir(exist_ok=True)
    (folder / f"data/{figure}.tsv").write_text("\n\n".join(blocks), encoding="utf-8")
    (folder / f"data/{figure}.words").write_text("".join(f"{w}\n" for w in [title, *words]),
                                                encoding="utf-8")
    scripts = Path("scripts/plots").resolve()
    try:
        done = subprocess.run(["gnuplot", "-d", "-c", f"{scripts}/draw.gp", str(scripts), figure,
                               figure, title, *words],
                              cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        print("no plot: gnuplot is not installed")
        return
    if done.returncode or done.stderr.strip():
        raise SuiteError(f"gnuplot: {done.stderr.strip()}")
    print(f"plot: {folder}/plots/{figure}.svg, .pdf and .png")


def draw_matrix(folder, outcomes):
    columns = columns_of(outcomes)
    blocks = plot_data(outcomes, columns)
    killed = sum(o.status == "killed" for o in outcomes)
    broken = sum(o.status != "equivalent" for o in outcomes)
    title = f"{killed} of {broken} broken kernels are found, and by which checks"
    panels = " ".join(PANELS[:len(blocks) // 3])
    draw(folder, "mutants", title, blocks, [panels, " ".join(columns), " ".join(columns), ""])


# Running it all


def option_parser(purpose):
    parser = argparse.ArgumentParser(description=purpose, allow_abbrev=False)
    parser.add_argument("--build", default="build", help="folder of the normal build (build)")
    parser.add_argument("--cc", default="cc", help="compiler (cc)")
    parser.add_argument("--flags", default="", help="its flags, as in the normal build")
    parser.add_argument("--simd-flags", action="append", default=[], metavar="ISA=FLAGS",
                        help="more of them for kernels/simd; once for each instruction set")
    parser.add_argument("--libs", default="", help="what a plug-in is linked with")
    parser.add_argument("--only", default="*", metavar="GLOB", help="mutants whose name matches")
    parser.add_argument("--sample", type=int, metavar="N", help="so many of them, by chance")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of that chance (1)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="at the same time (2)")
    parser.add_argument("--progress", action="store_true", help="a line for each when it is done")
    return parser


def parse_options():
    parser = option_parser("Runs the mutants of tests/mutants.")
    parser.add_argument("--fail-fast", action="store_true", help="stop a verification that failed")
    return parser.parse_args()


def choose(options, mutants):
    """In the order of the files, whatever was chosen."""
    chosen = [m for m in mutants if fnmatch.fnmatch(m.name, options.only)]
    if not chosen:
        raise SuiteError(f"no mutant matches '{options.only}'")
    if options.sample is not None and options.sample < len(chosen):
        names = {m.name for m in random.Random(options.seed).sample(chosen, options.sample)}
        chosen = [m for m in chosen if m.name in names]
    return chosen


def run_suite(options):
    everything = read_mutants()
    mutants = choose(options, everything)
    builder = Builder(options)
    builder.folder.mkdir(parents=True, exist_ok=True)
    results = run_all(options, builder, mutants)
    outcomes = [r for r in results if isinstance(r, Outcome)]
    if outcomes:
        print_matrix(outcomes)
        whole = len(outcomes) == len(everything) and not options.fail_fast
        write_tables(builder.folder, outcomes, origin(options.build, "make mutants", whole))
        write_tex(builder.folder, outcomes)
        draw_matrix(builder.folder, outcomes)
    without_errors(results)
    print_conclusion(outcomes)
    return 0 if all(o.status in ("killed", "equivalent") for o in outcomes) else 1


def exit_code(suite, options):
    """What the suite returns, run in the tree's root, or 2 with a message if it is at fault."""
    os.chdir(SCRIPT.parent.parent)
    try:
        return suite(options)
    except (SuiteError, OSError) as error:
        print(f"{Path(sys.argv[0]).stem}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(exit_code(run_suite, parse_options()))
