#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many instructions each kernel takes for fixed small cases, compared with what it took before.
`make instructions` runs it, and `make check` does.

One step on one thread, storing the new rows and attending, is counted by callgrind or, for AVX-512,
which valgrind cannot run, by tests/emulator (tests/counting has the program and the cases). A count
repeats to the digit for the same compiler and instruction set, whatever the CPU and however busy.
What the marks themselves take is counted with an empty region, and subtracted; a loop of known
length has to come out right before anything is believed.

Counts are compared with those that results/instructions/ keeps for this compiler and instruction
set, or, with --base, with those of another revision's build. Kernels on BLAS are left out: OpenBLAS
chooses its loops by CPU. `auto` is counted with the best instruction set of either counter. With
--library the kernels are a plug-in's, and --base is an older build of it, another shared object.

Exit codes: 0 fine, 2 usage, or something does not build or run, 3 a count grew by more than the
limit, 77 a part could not be counted or compared, the reason being printed."""
import argparse
import fnmatch
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

KEPT = Path("results/instructions")
LOOP = 2001  # counter_loop
COUNTERS = {"scalar": "callgrind", "avx2": "callgrind", "avx512": "bochs"}
EMULATED_CPU = "tigerlake"
# Chosen by CPU, hence counted once for each counter, with the best instruction set it has.
BY_CPU = "auto"
# All that the counted program sees of the environment, whose length shifts the stack. No BLAS kernel
# is counted; OpenBLAS is only loaded, and is not to look at the CPU.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
               "OPENBLAS_CORETYPE": "Prescott"}
NOT_RUN, REGRESSION = 77, 3


class InstructionsError(Exception):
    """Nothing can be said: the build or the usage is at fault."""


class Unavailable(Exception):
    """It cannot be counted or compared here; the message says why."""


def run(command, **options):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **options)
    if done.returncode == NOT_RUN:
        raise Unavailable(done.stdout.strip().removeprefix("not run: "))
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise InstructionsError(f"{shlex.join(map(str, command))} exits with {done.returncode}:\n"
                                f"{said}")
    return done.stdout


# Counting


def counts_from(pairs):
    """By case, without what the marks take."""
    counts = dict(pairs)
    nothing = counts.pop("nothing", 0)
    loop = counts.pop("loop", 0) - nothing
    if loop != LOOP:
        raise InstructionsError(f"a loop of {LOOP:,} instructions is counted as {loop:,}")
    return {case: count - nothing for case, count in counts.items()}


class Callgrind:
    """Kernels of a shared object."""

    isas = [isa for isa, counter in COUNTERS.items() if counter == "callgrind"]

    def __init__(self, program, library, extra_environment=None):
        self.version = run(["valgrind", "--version"]).strip()
        # Under names of their own, as the lengths of names shift the stack; and without debug
        # information, which valgrind would read, and gives up on if it does not know all of it.
        self.folder = tempfile.TemporaryDirectory(prefix="mlabench-instructions-")
        for source, name in ((program, "counting"), (library, "kernels.so")):
            run(["strip", "--strip-debug", "-o", Path(self.folder.name) / name, source])
        self.environment = {**ENVIRONMENT, **(extra_environment or {})}

    def valgrind(self, *arguments):
        return run([shutil.which("valgrind"), "-q", *arguments], cwd=self.folder.name, env=self.environment,
                   timeout=600)

    def kernels(self):
        """(name, instruction set, whether it runs) of each."""
        return rows_of(self.valgrind("--tool=none", "./counting", "--library", "./kernels.so",
                                     "list"))

    def count(self, kernel, *what):
        out = Path(self.folder.name) / kernel
        self.valgrind("--tool=callgrind", "--collect-atstart=no", f"--callgrind-out-file={kernel}",
                      "./counting", "--library", "./kernels.so", *what, kernel)
        texts = [path.read_text(encoding="utf-8") for path in
                 sorted(out.parent.glob(f"{kernel}.*"), key=lambda path: int(path.suffix[1:]))]
        return counts_from((found_in(r"desc: Trigger: Client Request: (.*)", text),
                            int(found_in(r"totals: (\d+)", text))) for text in texts)


class Emulator:
    """Kernels of a static program."""

    isas = [isa for isa, counter in COUNTERS.items() if counter == "bochs"]

    def __init__(self, program):
        self.version = f"bochs, {EMULATED_CPU}"
        self.program = program

    def emulate(self, what):
        return run(["tests/emulator/run.sh", "--cpu", EMULATED_CPU, "--timeout", 240, self.program,
                    "--emulated", what])

    def kernels(self):
        return rows_of(self.emulate("list"))

    def count(self, kernel):
        return counts_from((case, int(count)) for case, count in
                           re.findall(r"^count (.*): (\d+)$", self.emulate(kernel), re.M))


def found_in(pattern, text):
    found = re.search(f"^{pattern}$", text, re.M)
    if not found:
        raise InstructionsError(f"callgrind's file has no line {pattern}")
    return found[1]


def rows_of(listing):
    rows = [line.split() for line in listing.splitlines()]
    return [(name, isa, runs == "yes") for name, isa, runs in rows]


def wanted(kernel, globs):
    """As --kernel of mlabench: `a*,!*-b`."""
    globs = globs.split(",")
    positive = [glob for glob in globs if not glob.startswith("!")] or ["*"]
    return any(fnmatch.fnmatchcase(kernel, glob) for glob in positive) and \
        not any(fnmatch.fnmatchcase(kernel, glob[1:]) for glob in globs if glob.startswith("!"))


@dataclass
class Tally:
    """Of one build and instruction set: counts by kernel and case."""
    isa: str
    counter: str
    kernels: dict = field(default_factory=dict)
    left_out: dict = field(default_factory=dict)  # kernel: reason


def isa_of(kernel, isa, runs):
    """The tally that it belongs to: its own instruction set's, plain C going with scalar."""
    if kernel == BY_CPU and runs:
        return runs[-1]
    if isa.startswith("avx512"):
        return "avx512"
    return isa if isa in COUNTERS else "scalar"


def tallies(counter, options):
    """Of each of the instruction sets counted by it that the build has kernels for; for one that
    the CPU lacks, that reason."""
    listed = counter.kernels()
    runs = [isa for isa in counter.isas
            if any(isa_of("", of, []) == isa and here for _, of, here in listed)]
    found = {}
    for isa in counter.isas:
        own = [name for name, of, _ in listed
               if isa_of(name, of, runs) == isa and wanted(name, options.kernel)]
        if isa not in options.isas or not own:
            continue
        if isa not in runs:
            found[isa] = Unavailable(f"this CPU lacks {isa}")
            continue
        names = [name for name in own if not name.endswith("-blas")]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            counts = dict(zip(names, pool.map(counter.count, names)))
            found[isa] = Tally(isa, counter.version, counts,
                               {name: "OpenBLAS chooses its loops by CPU"
                                for name in own if name.endswith("-blas")})
    if options.library and "avx512" in options.isas and \
            any(isa == "avx512" and wanted(name, options.kernel) for name, isa, _ in listed):
        found["avx512"] = Unavailable("the emulator runs no shared objects")
    return found


# Building


def make(goal, build, *arguments, folder="."):
    """By the Makefile, with CC, CFLAGS and DEBUG of the environment. What make was told on its
    command line is there too; its own jobs are not to be had."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS")}
    run(["make", "-C", folder, f"-j{os.cpu_count()}", f"BUILD={build}", *arguments, goal],
        env=environment)
    return Path(goal)


@dataclass(frozen=True)
class Compiler:
    command: list
    name: str  # e.g. gcc-12.2.0, by what it says of itself
    flags: str  # those that can change the code


def compiler_of(build):
    """What the Makefile says that the build was made with: `cc FLAG... VERSION GLOB`."""
    words = shlex.split((Path(build) / "flags").read_text(encoding="utf-8"))
    first = next(i for i, word in enumerate(words) if word.startswith("-"))
    macros = dict(re.findall(r"^#define (__\w+__) (\d+)$",
                             run([*words[:first], "-dM", "-E", "-x", "c", "/dev/null"]), re.M))
    name, parts = ("clang", ["__clang_major__", "__clang_minor__", "__clang_patchlevel__"]) \
        if "__clang__" in macros else \
        ("gcc", ["__GNUC__", "__GNUC_MINOR__", "__GNUC_PATCHLEVEL__"])
    flags = [word for word in words[first:] if re.match(r"-(?!W|I|g\d?$)", word)]
    return Compiler(words[:first], f"{name}-{'.'.join(macros[part] for part in parts)}",
                    " ".join(flags))


def static_build(options):
    return "build/standalone/avx512" if options.build == "build" else f"{options.build}/static"


def can_link_statically(options):
    """clang has no static OpenMP of its own, and with gcc's makes other code."""
    test = "int main(void)\n{\n#pragma omp parallel\n    ;\n}\n"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "test.c"
        source.write_text(test, encoding="utf-8")
        return subprocess.run([*options.compiler.command, "-fopenmp", "-static", "-o",
                               f"{folder}/test", source], stderr=subprocess.DEVNULL,
                              check=False).returncode == 0


def static_program(options, base):
    """The program with the kernels of the working tree or of the base, for the emulator."""
    static = static_build(options)
    if not base:
        return make(f"{static}/counting", static, "LDFLAGS=-static")
    make("standalone", "build/static", "LDFLAGS=-static", folder=base)
    built = Path(base).resolve() / "build/static"
    objects = [path for path in sorted((built / "kernels").rglob("*.o"))
               if not path.name.endswith("blas.o") and path.name != "registry.o"]
    objects.append(built / "tests/standalone/registry.o")
    return make(f"{static}/of-base/counting", static, "LDFLAGS=-static",
                f"BASE_OBJECTS={' '.join(map(str, objects))}")


def require(kind, options):
    """What building and running the counted program takes."""
    tool = "valgrind" if kind == "callgrind" else "bochs"
    if kind == "bochs" and platform.machine() != "x86_64":
        raise Unavailable(f"this machine builds for {platform.machine()}")
    if "-fsanitize" in options.compiler.flags:
        raise Unavailable("sanitizers are in the way of both counters")
    if not shutil.which(tool):
        raise Unavailable(f"{tool} is not installed (make setup-dev)")
    if subprocess.run([*options.compiler.command, "-E", "-x", "c", "-"], text=True, check=False,
                      input="#include <valgrind/callgrind.h>\n", capture_output=True).returncode:
        raise Unavailable("valgrind's headers are not installed (make setup-dev)")


def counter_of(kind, options, base):
    require(kind, options)
    if kind == "callgrind":
        program = make(f"{options.build}/counting", options.build)
        if options.library:
            return Callgrind(program, base or options.library)
        return Callgrind(program, f"{base}/build/libmlakernels.so" if base else
                         f"{options.build}/libmlakernels.so")
    if not can_link_statically(options):
        raise Unavailable("the emulator runs static programs, and "
                          f"{options.compiler.name} has no static OpenMP")
    return Emulator(static_program(options, base))


def count_build(options, base=None):
    """A tally by instruction set, or why there is none. A base may be too old to be counted."""
    found = {}
    kinds = ["callgrind"] if options.library else [COUNTERS[isa] for isa in options.isas]
    for kind in dict.fromkeys(kinds):
        try:
            found |= tallies(counter_of(kind, options, base), options)
        except (Unavailable, InstructionsError) as reason:
            if not base and isinstance(reason, InstructionsError):
                raise
            why = Unavailable(f"{options.base}: {reason}" if base else str(reason))
            found |= {isa: why for isa in options.isas if COUNTERS[isa] == kind}
    return {isa: found[isa] for isa in options.isas if isa in found}


# What is kept


class Kept:
    """The file of one compiler and instruction set."""

    def __init__(self, compiler, isa):
        self.path = KEPT / f"{compiler.name}-{isa}.json"
        self.about = {"compiler": compiler.name, "isa": isa, "machine": platform.machine(),
                      "flags": compiler.flags, "libc": " ".join(platform.libc_ver())}

    def read(self):
        """Its counts, and in what the libraries differ."""
        cure = "compare with a revision: make instructions BASE=main; or keep these: " \
               "INSTRUCTIONFLAGS=--write"
        if not self.path.exists():
            raise Unavailable(f"no counts are kept for this compiler ({self.path}): {cure}")
        kept = json.loads(self.path.read_text(encoding="utf-8"))
        for key in ("machine", "flags"):
            if kept[key] != self.about[key]:
                raise Unavailable(f"{self.path} is of other {key}: '{kept[key]}', not "
                                  f"'{self.about[key]}': {cure}")
        return kept["kernels"], "" if kept["libc"] == self.about["libc"] else \
            f"kept with {kept['libc']}, counted with {self.about['libc']}: its code counts too"

    def write(self, tally):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**self.about, "counter": tally.counter, "kernels": tally.kernels},
                          indent=1, sort_keys=True)
        self.path.write_text(text + "\n", encoding="utf-8")


# Comparing


@dataclass(frozen=True)
class Row:
    kernel: str
    case: str
    base: int | None
    now: int | None
    limit: float  # percent

    @property
    def change(self):
        """Percent, if there are two."""
        return 100 * (self.now - self.base) / self.base if self.base and self.now else None

    @property
    def verdict(self):
        if self.base is None or self.now is None:
            return "new" if self.base is None else "gone"
        return "GREW" if self.change > self.limit else "fell" if self.change < -self.limit else ""


def compare(base, now, options):
    """Rows of all kernels and cases that either has. Those not asked for are not gone."""
    kernels = sorted({*now, *(kernel for kernel in base if wanted(kernel, options.kernel))})
    return [Row(kernel, case, base.get(kernel, {}).get(case), now.get(kernel, {}).get(case),
                options.limit)
            for kernel in kernels
            for case in sorted({*base.get(kernel, {}), *now.get(kernel, {})})]


def print_rows(rows, compared, every):
    """Kernels whose counts are all the same take a line together."""
    def number(value):
        return "-" if value is None else f"{value:,}"

    if not compared:
        for row in rows:
            print(f"  {row.kernel:20} {row.case:16} {row.now:>13,}")
        return
    print(f"  {'kernel':20} {'case':16} {'base':>13} {'now':>13} {'change':>9}")
    for kernel in dict.fromkeys(row.kernel for row in rows):
        own = [row for row in rows if row.kernel == kernel]
        if all(row.base == row.now for row in own) and not every:
            print(f"  {kernel:20} the same to the digit in {len(own)} cases")
            continue
        for row in own:
            change = "-" if row.change is None else f"{row.change:+.2f} %"
            print(f"  {kernel:20} {row.case:16} {number(row.base):>13} {number(row.now):>13} "
                  f"{change:>9} {row.verdict}".rstrip())


@dataclass
class Outcome:
    """Of one instruction set."""
    isa: str
    rows: list = field(default_factory=list)
    not_run: str = ""  # why it was not counted or compared
    notes: list = field(default_factory=list)
    against: str = ""

    def count(self, verdict):
        return sum(row.verdict == verdict for row in self.rows if self.against)

    def as_json(self):
        return {"isa": self.isa, "against": self.against or None, "not_run": self.not_run or None,
                "notes": self.notes,
                "counts": [{"kernel": row.kernel, "case": row.case, "base": row.base,
                            "now": row.now, "change_pct": row.change,
                            "verdict": (row.verdict or "same") if self.against else None}
                           for row in self.rows]}


def outcome_of(isa, now, base, kept, options):
    """`now` and `base`: tallies, or why there is none; without a base the kept counts serve."""
    outcome = Outcome(isa)
    if isinstance(now, Unavailable):
        outcome.not_run = str(now)
        return outcome
    outcome.notes = [f"{kernel}: left out: {reason}" for kernel, reason in now.left_out.items()]
    try:
        if isinstance(base, Unavailable):
            raise base
        if base:
            before, outcome.against = base.kernels, options.base
        elif options.library:
            raise Unavailable("")
        else:
            before, note = kept.read()
            outcome.against = str(kept.path)
            outcome.notes += [note] if note else []
        outcome.rows = compare(before, now.kernels, options)
    except Unavailable as reason:
        outcome.not_run = "" if options.write else str(reason)
        outcome.rows = compare({}, now.kernels, options)
    if options.write:
        kept.write(now)
        outcome.notes.append(f"kept in {kept.path}")
    return outcome


def print_outcomes(outcomes, options):
    for outcome in outcomes:
        against = f", against {outcome.against}" if outcome.against else ""
        print(f"instructions: {options.compiler.name}, {outcome.isa}{against}")
        if outcome.rows:
            print_rows(outcome.rows, outcome.against, options.all)
        for note in outcome.notes:
            print(f"  {note}")
        if outcome.not_run:
            what = "compared" if outcome.rows else "run"
            print(f"  not {what}: {outcome.not_run}")
    counts = {verdict: sum(o.count(verdict) for o in outcomes)
              for verdict in ("GREW", "fell", "new", "gone")}
    compared = sum(row.change is not None for o in outcomes for row in o.rows)
    print(f"instructions: {compared} compared: {counts['GREW']} grew and {counts['fell']} fell by "
          f"more than {options.limit:g} %; {counts['new']} new, {counts['gone']} gone")
    if sum(counts.values()) and not options.base and not options.write:
        print("instructions: if that is meant, keep these counts: make instructions "
              "INSTRUCTIONFLAGS=--write")


# Testing this script


def expect(failed, good, what):
    if not good:
        failed.append(what)


def self_test(options):
    """That a percent more is noticed, a tenth of it is not, and the same is the same."""
    require("callgrind", options)
    failed = []
    program = make(f"{options.build}/counting", options.build)
    changed = make(f"{options.build}/tests/plugins/changed.so", options.build)

    def tally(change):
        counter = Callgrind(program, changed, {"MLABENCH_CHANGE": change})
        return {"absorbed-scalar": counter.count("absorbed-scalar")}

    before, again = tally("busier:0"), tally("busier:0")
    expect(failed, before == again, f"the same program twice: {before} and {again}")
    decode = before["absorbed-scalar"]["decode"]
    # A multiplication of changed.c's takes 4 to 8 instructions.
    for multiplications, verdict in ((decode // 400 + 1, "GREW"), (decode // 8000, "")):
        rows = compare(before, tally(f"busier:{multiplications}"), options)
        row = next(row for row in rows if row.case == "decode")
        expect(failed, row.verdict == verdict and row.change > 0, f"busier: {row}")
    rows = compare({"old": {"a": 1}, "x": {"a": 1000, "b": 1000, "c": 1000}},
                   {"new": {"a": 1}, "x": {"a": 1006, "b": 1005, "c": 994}}, options)
    verdicts = [row.verdict for row in rows]
    expect(failed, verdicts == ["new", "gone", "GREW", "", "fell"], f"verdicts: {verdicts}")
    unknown = outcome_of("scalar", Tally("scalar", "", before), None,
                         Kept(Compiler([], "none-1.2.3", ""), "scalar"), options)
    expect(failed, "no counts are kept" in unknown.not_run and "BASE=" in unknown.not_run,
           f"an unknown compiler: {unknown}")
    try:
        counts_from([("nothing", 20), ("loop", 20 + LOOP + 1)])
        failed.append("a wrong count of the loop is believed")
    except InstructionsError:
        pass
    print("\n".join(failed) or "instructions: one percent more is noticed, the same is the same")
    return 1 if failed else 0


# For mlabench claims

STUDY_WAYS = {"MHA": ("flash", "mha"), "expanded": ("flash", "mla"), "absorbed": ("absorbed", "mla"),
              "re-expanded": ("flash-latent", "mla")}


def study(options):
    """Writes what a study finds (harness/study.h): MHA and the orders of MLA at one width."""
    counter = counter_of("callgrind", options, None)
    isa = next(isa for isa in reversed(counter.isas)
               if any(of == isa and here for _, of, here in counter.kernels()))
    counts = {stem: counter.count(f"{stem}-{isa}", "study")
              for stem in dict.fromkeys(stem for stem, _ in STUDY_WAYS.values())}
    rows = []
    for case in ("decode", "chunk", "prefill"):
        for way, (stem, rows_of_case) in STUDY_WAYS.items():
            count = counts[stem][f"{case}/{rows_of_case}"]
            rows.append([case, way, f"{stem}-{isa}", count, count / counts["flash"][f"{case}/mha"]])
    found = {
        "title": "Instructions of a step",
        "about": "Instructions that storing the new rows and attending take on one thread, counted by "
                 "callgrind, four heads of DeepSeek-V2-Lite's dimensions, fp32 cache: decode is one new "
                 "token after 512 cached ones, chunk 32 after 256, prefill 128 after none.",
        "columns": [{"name": "case", "unit": "", "what": "the phase"},
                    {"name": "way", "unit": "", "what": "form of attention, and order"},
                    {"name": "kernel", "unit": "", "what": "whose step it is"},
                    {"name": "instructions", "unit": "", "what": "of the step"},
                    {"name": "over_mha", "unit": "", "what": "over those of MHA"}],
        "rows": rows,
        "notes": [f"Counted by {counter.version}, kernels compiled by {options.compiler.name}."],
    }
    Path(options.study).parent.mkdir(parents=True, exist_ok=True)
    Path(options.study).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"instructions: {len(rows)} counts in {options.study}")
    return 0


# Running it all


def parse_options():
    parser = argparse.ArgumentParser(description="Counts the kernels' instructions and compares.",
                                     allow_abbrev=False)
    parser.add_argument("--build", default="build", help="folder of the normal build (build)")
    parser.add_argument("--base", metavar="REVISION", help="what to compare with; it is built")
    parser.add_argument("--library", metavar="FILE", help="count the kernels of this plug-in")
    parser.add_argument("--isa", action="append", choices=list(COUNTERS),
                        help="only this instruction set (may be repeated)")
    parser.add_argument("--kernel", default="*", metavar="GLOBS", help="only these")
    parser.add_argument("--limit", type=float, default=0.5, metavar="PERCENT",
                        help="of a growth that is accepted (0.5)")
    parser.add_argument("--write", action="store_true", help="keep the counts")
    parser.add_argument("--all", action="store_true", help="print every case")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--study", metavar="FILE",
                        help="count MHA and the orders of MLA, for mlabench claims --instructions")
    parser.add_argument("--self-test", action="store_true", help="that changes are noticed")
    options = parser.parse_args()
    options.isas = options.isa or list(COUNTERS)
    if options.write and (options.kernel != "*" or options.base or options.library):
        parser.error("--write keeps all kernels of the working tree: not with --kernel, --base, "
                     "--library")
    return options


def run_all(options):
    make(f"{options.build}/libmlakernels.so", options.build)
    options.compiler = compiler_of(options.build)
    if options.self_test:
        return self_test(options)
    if options.study:
        return study(options)
    before = options.base
    if before and not options.library:
        before = run(["scripts/base.sh", options.build, before, "make instructions"]).strip()
    now = count_build(options)
    base = count_build(options, before) if before else {}
    outcomes = [outcome_of(isa, tally, base.get(isa), Kept(options.compiler, isa), options)
                for isa, tally in now.items()]
    if not outcomes:
        raise InstructionsError(f"no kernel of {' or '.join(options.isas)} matches "
                                f"'{options.kernel}'")
    if options.json:
        print(json.dumps({"compiler": options.compiler.name, "limit_pct": options.limit,
                          "isas": [outcome.as_json() for outcome in outcomes]}, indent=1))
    else:
        print_outcomes(outcomes, options)
    if any(outcome.count("GREW") for outcome in outcomes) and not options.write:
        return REGRESSION
    return NOT_RUN if any(outcome.not_run for outcome in outcomes) else 0


def main():
    os.chdir(Path(__file__).resolve().parent.parent)
    try:
        return run_all(parse_options())
    except Unavailable as reason:
        print(f"instructions: not run: {reason}")
        return NOT_RUN
    except (InstructionsError, OSError, subprocess.TimeoutExpired) as error:
        print(f"instructions: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
