#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How fast the inner loops would be on CPUs that are not at hand, as llvm-mca predicts it from
their assembly. `make mca` runs it.

kernels/simd/loops.c is compiled for each vector instruction set, with the normal flags and
SIMD_MCA, which marks the loops in the assembly: the tile of scores and the tile of weighted sums at
their full width, for each place that keys come from. llvm-mca simulates each on every CPU, as if
all loads hit the first-level cache and the front end always delivered; what it says is therefore
the most that the loop could reach, as a share of the most multiply-adds that the CPU can do.

The same source is compiled without marks as well, as a prediction of other code is worth nothing:
loops that differ are named, and so are loops that spill. What could not be predicted has a reason
in place of a number.

Exit codes: 0 fine, 1 an AVX-512 loop is predicted below the limit on some CPU (with --self-test: a
bad loop is not told from a good one), 2 usage or the compiler is at fault, 77 nothing could be
run."""
import argparse
import csv
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

SOURCE = "kernels/simd/loops.c"
ROWS = 4  # SIMD_ROWS
ITERATIONS = 1000

# The most multiply-adds per cycle by instruction set.
# AMD, Software Optimization Guides for Family 19h (56665) and for Zen 4 (57647), floating-point
# unit: two pipes of 256 bits multiply-add; 512 bits take one of them for two cycles.
# Intel, Optimization Reference Manual (248966), Ice Lake and Golden Cove: ports 0 and 1 at 256
# bits; at 512 bits these two together, and port 5. OSACA's tables measured the same on Xeons.
PEAKS = {
    "znver3": {"avx2": 2},
    "znver4": {"avx2": 2, "avx512": 1},
    "icelake-server": {"avx2": 2, "avx512": 2},
    "sapphirerapids": {"avx2": 2, "avx512": 2},
}

# What the names of a model's resources begin with. Releases that have no model of a CPU take an
# older one's: LLVM 14 Skylake's for Sapphire Rapids.
PREFIXES = {"znver3": "Zn3", "znver4": "Zn4", "icelake-server": "ICX", "sapphirerapids": "SPR"}

REGISTERS = {"avx2": "%ymm", "avx512": "%zmm"}

# Where a model cannot multiply-add as often as its CPU, the first of these with which it can takes
# the place of the multiply-adds. LLVM 19 has Intel's models multiply-add 512 bits on port 0
# alone, as the client parts do that they were measured on (llvm-project issue 81504). These have
# three operands, ports 0 and 5, and a latency near 4: 5 on Ice Lake, 3 on Sapphire Rapids.
FMA_STAND_INS = [r"vpdpwssd \1, \2, \3", r"vaddps \1, \2, \3 {%k1}"]
FMA = re.compile(r"vfmadd231ps (%zmm\d+), (%zmm\d+), (%zmm\d+)$")

# Other instructions that a model has wrong, by CPU, and what stands in for them: on Zen 4 a
# broadcast to 512 bits from memory is one operation on pipe 1 or 2, as at 256 bits (OSACA's
# tables), not three on pipe 1.
STAND_INS = {"znver4": [(re.compile(r"vp?broadcast(?:ss|d) (.*\), %zmm\d+)$"),
                         r"vbroadcastf32x4 \1")]}

# enum source, with the format of the rows that are read, or that the panel was made from.
SOURCES = [("panel", "fp32"), ("fp32 rows", "fp32"), ("bf16 rows", "bf16"),
           ("fp16 rows", "fp16")]
FORMATS = dict(SOURCES)
ORDERS = ["absorbed", "flash"]

MARK = re.compile(r"# mca (\w+) (\d+) (\d+)")
LABEL = re.compile(r"([.\w$]+):")
JUMP = re.compile(r"j\w+\s+([.\w$]+)$")
# Of instructions whose last operand may be in memory: those that only read it, only write it.
READS = re.compile("cmp|test|prefetch|v?u?comi|vp?test|i?mul|i?div|push|call|j")
WRITES = re.compile("v?mov|vp?extract|vpmov|set|pop")
NOT_RUN = 77


class McaError(Exception):
    """Nothing can be said: the compiler or the usage is at fault."""


class Unavailable(Exception):
    """llvm-mca cannot do it; the message says why."""


@dataclass(frozen=True)
class Loop:
    """Of one mark: the instructions from the loop's label to its jump back."""
    isa: str
    tile: str
    source: str
    function: str
    width: int
    code: tuple

    @property
    def name(self):
        return f"{self.isa} {self.tile} {self.source} {self.function}"

    @property
    def fmas(self):
        return sum(map(is_fma, self.code))

    @property
    def loads(self):
        return sum(map(is_load, self.code))

    @property
    def spills(self):
        """A tile stays in registers: whatever is stored has nowhere else to be."""
        return sum(map(is_store, self.code))

    @property
    def reloads(self):
        """Loads from the stack."""
        return sum(is_load(i) and "(%rsp" in i for i in self.code)

    @property
    def loads_per_step(self):
        """A step is one vector of columns, or one key: ROWS x width multiply-adds."""
        return self.loads * ROWS * self.width / self.fmas


@dataclass(frozen=True)
class Prediction:
    cycles: float  # per iteration
    uops: float
    percent: float
    limit: str


# Reading assembly


def is_fma(instruction):
    return instruction.startswith(("vfmadd", "vfnmadd"))


def is_store(instruction):
    unmasked = re.sub("{.*", "", instruction)
    return unmasked.endswith(")") and not READS.match(instruction)


def is_load(instruction):
    """Whatever takes a load's slot, prefetches too."""
    if "(" not in instruction or instruction.startswith("lea"):
        return False
    return not (is_store(instruction) and WRITES.match(instruction))


def instructions(lines):
    """Without labels, directives and comments, blanks as one."""
    code = []
    for line in lines:
        text = " ".join(line.split("#")[0].split())
        if text and not text.startswith((".", "/")) and not LABEL.match(text):
            code.append(text)
    return tuple(code)


def innermost(lines):
    """Of each loop that has no other inside: its first and last line, and the function. A loop is
    what lies between a label and a jump back to it."""
    loops, labels, function = [], {}, ""
    for number, line in enumerate(lines):
        text = line.split("#")[0].strip()
        label, jump = LABEL.match(text), JUMP.match(text)
        if label:
            labels[label[1]] = number
            if not label[1].startswith("."):
                function = label[1].split(".")[0]
        elif jump and jump[1] in labels:
            first = labels[jump[1]]
            if loops and loops[-1][0] == first:
                loops.pop()
            if not loops or loops[-1][0] < first:
                loops.append((first, number, function))
    return loops


def marked_loops(isa, lines):
    """The loops that have a mark, of each tile the widest."""
    loops = []
    for first, last, function in innermost(lines):
        marks = [m.groups() for m in map(MARK.search, lines[first:last]) if m]
        if len(marks) > 1:
            raise McaError(f"{isa}: a loop of {function} has {len(marks)} marks")
        for tile, source, width in marks:
            loops.append(Loop(isa, tile, SOURCES[int(source)][0], function, int(width),
                              instructions(lines[first:last + 1])))
    order = [source for source, _ in SOURCES]
    full = {tile: max(l.width for l in loops if l.tile == tile) for tile in {l.tile for l in loops}}
    return sorted((l for l in loops if l.width == full[l.tile]),
                  key=lambda l: (l.tile, order.index(l.source), l.function))


def footprint(code):
    return (len(code), sum(map(is_fma, code)), sum(map(is_load, code)), sum(map(is_store, code)))


def changed_by_marks(loops, plain):
    """The loops of which there is none alike in the assembly without marks."""
    there = Counter(footprint(instructions(plain[first:last + 1]))
                    for first, last, _ in innermost(plain))
    here = Counter(footprint(l.code) for l in loops)
    return [l for l in loops if here[footprint(l.code)] > there[footprint(l.code)]]


# Compiling


def compile_one(options, isa, flags, name, *more):
    """The lines of loops.c's assembly, which is left in the folder."""
    path = options.folder / f"{name}-{isa}.s"
    command = [options.cc, *shlex.split(options.flags), *shlex.split(flags), f"-DISA={isa}",
               f"-DISA_{isa}", *more, "-S", "-o", str(path), SOURCE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise McaError(f"{SOURCE} does not compile: {shlex.join(command)}\n{done.stderr}")
    return path.read_text(encoding="utf-8").split("\n")


def compile_all(options):
    """The loops of all instruction sets, and those that marking them changes."""
    loops, changed = [], []
    for isa, _, flags in (word.partition("=") for word in options.isa):
        own = marked_loops(isa, compile_one(options, isa, flags, "loops", "-DSIMD_MCA"))
        for tile in ("scores", "values"):
            missing = {s for s, _ in SOURCES} - {l.source for l in own if l.tile == tile}
            if missing:
                raise McaError(f"{isa}: no loop of {tile} from {', '.join(sorted(missing))} in the "
                               "assembly")
        for loop in own:
            if loop.fmas == 0 or loop.fmas % (ROWS * loop.width):
                raise McaError(f"{loop.name}: {loop.fmas} multiply-adds, which is no multiple of "
                               f"its tile's {ROWS} x {loop.width}")
        loops += own
        changed += changed_by_marks(own, compile_one(options, isa, flags, "plain"))
    return loops, changed


# Predicting


def version_of(tool):
    """As numbers; none if it cannot be run."""
    done = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"version ([\d.]*\d)", done.stdout)
    return tuple(map(int, version[1].split("."))) if version and not done.returncode else ()


def find_tool():
    """The newest llvm-mca or llvm-mca-NUMBER in PATH, and its version."""
    found = [str(path) for folder in os.get_exec_path() for path in Path(folder).glob("llvm-mca*")
             if re.fullmatch(r"llvm-mca(-\d+)?", path.name) and os.access(path, os.X_OK)]
    if not found:
        raise Unavailable("there is no llvm-mca (make setup-dev)")
    versions = {tool: version_of(tool) for tool in found}
    tool = max(found, key=versions.get)
    if not versions[tool]:
        raise Unavailable(f"{tool} --version fails")
    return tool, ".".join(map(str, versions[tool]))


def simulate(tool, cpu, code):
    """What llvm-mca says of a loop, and the names of the CPU's resources."""
    command = [tool, "-mtriple=x86_64-linux-gnu", f"-mcpu={cpu}", f"-iterations={ITERATIONS}",
               "-json"]
    done = subprocess.run(command, input="\n".join(code) + "\n", capture_output=True, text=True,
                          check=False)
    if "not a recognized processor" in done.stderr:
        raise Unavailable(f"{Path(tool).name} does not know {cpu}")
    if done.returncode:
        raise Unavailable(f"{Path(tool).name} fails: {done.stderr.strip()[:200]}")
    answer = json.loads(done.stdout)
    resources = answer["TargetInfo"]["Resources"]
    if not all(name.startswith(PREFIXES[cpu]) for name in resources):
        raise Unavailable(f"{Path(tool).name} has no model of {cpu} and takes another's "
                          f"({resources[0]})")
    return answer["CodeRegions"][0], resources


def cycles_of(region):
    return region["SummaryView"]["TotalCycles"] / region["SummaryView"]["Iterations"]


class Model:
    """llvm-mca's of one CPU at one instruction set."""

    def __init__(self, tool, cpu, isa):
        self.tool, self.cpu, self.peak = tool, cpu, PEAKS[cpu][isa]
        self.others = STAND_INS.get(cpu, []) if isa == "avx512" else []
        self.fma = None
        v = REGISTERS[isa]
        chains = [f"vfmadd231ps {v}0, {v}1, {v}{i}" for i in range(2, 14)]
        for self.fma in [None, *FMA_STAND_INS]:
            per_cycle = len(chains) / cycles_of(simulate(tool, cpu, self.replaced(chains))[0])
            if per_cycle > 0.97 * self.peak:
                break
        else:
            raise Unavailable(f"{Path(tool).name}'s model multiply-adds {per_cycle:.2g} times per "
                              f"cycle at {isa}, {cpu} {self.peak} times")

    def replaced(self, code):
        """The code with what stands in for the instructions that the model has wrong."""
        for pattern, other in [*self.others, *([(FMA, self.fma)] if self.fma else [])]:
            code = [pattern.sub(other, instruction) for instruction in code]
        return code

    @property
    def notes(self):
        stand_ins = [other.split()[0] for _, other in self.others]
        return ([f"{self.fma.split()[0]} for multiply-adds"] if self.fma else []) + \
            [f"{name} for broadcasts" for name in stand_ins]

    def predict(self, loop):
        region, resources = simulate(self.tool, self.cpu, self.replaced(loop.code))
        summary, cycles = region["SummaryView"], cycles_of(region)
        uops = summary["TotaluOps"] / summary["Iterations"]
        names = [name[len(PREFIXES[self.cpu]):] for name in resources]
        limit = limit_of(loop.code, region, names, cycles, uops / summary["DispatchWidth"])
        return Prediction(cycles, uops, 100 * loop.fmas / cycles / self.peak, limit)


def kind_of(instruction):
    if is_fma(instruction):
        return "FMA"
    return "loads" if is_load(instruction) else "others"


def limit_of(code, region, resources, cycles, dispatch):
    """What fills the cycles: the busiest resource, with what else than multiply-adds is there, or
    dispatching, which takes so many cycles; or results that are waited for."""
    usage = {}
    for entry in region["ResourcePressureView"]["ResourcePressureInfo"]:
        if entry["InstructionIndex"] < len(code):
            kind = kind_of(code[entry["InstructionIndex"]])
            usage.setdefault(entry["ResourceIndex"], Counter())[kind] += entry["ResourceUsage"]
    busiest = max(usage, key=lambda index: sum(usage[index].values()))
    busy = sum(usage[busiest].values())
    if max(busy, dispatch) < 0.97 * cycles:
        return "latency"
    if dispatch > busy:
        return "dispatch"
    if usage[busiest]["FMA"] > 0.97 * busy:
        return "FMA"
    kinds = [kind for kind, share in usage[busiest].most_common() if share > 0.03 * busy]
    unit = re.match(r"\w+", resources[busiest])[0]  # one of several alike has a number after it
    return f"{unit}: {'+'.join(kinds)}"


def predict_all(tool, loops):
    """By CPU, then by loop: a Prediction or, as text, why there is none; and notes."""
    predictions, notes = {}, []
    for cpu, isas in PEAKS.items():
        predictions[cpu] = {}
        for isa in dict.fromkeys(loop.isa for loop in loops if loop.isa in isas):
            own = [loop for loop in loops if loop.isa == isa]
            try:
                model = Model(tool, cpu, isa)
                predictions[cpu].update((loop, model.predict(loop)) for loop in own)
                notes += [f"{cpu}, {isa}: {note}" for note in model.notes]
            except Unavailable as reason:
                predictions[cpu].update((loop, str(reason)) for loop in own)
    return predictions, notes


# Comparing


@dataclass(frozen=True)
class Measured:
    """What a run says: by kernel and cache format the largest median of core_pct_fma_peak among
    its cases, with the case; the peak is that of the machine's best instruction set."""
    machine: str
    isa: str
    best: dict

    def of(self, loop):
        """By order, of the kernels that the loop is in."""
        keys = {order: (f"{order}-{loop.isa}", FORMATS[loop.source]) for order in ORDERS}
        return {order: self.best[key] for order, key in keys.items() if key in self.best}


def read_run(folder):
    path = Path(folder) / "result.json"
    if not path.exists():
        raise McaError(f"there is no {path}")
    result = json.loads(path.read_text(encoding="utf-8"))
    cases = {}
    for entry in result["benchmarks"]:
        if entry.get("run_type") == "iteration" and entry.get("core_pct_fma_peak") is not None:
            of_kernel = cases.setdefault((entry["kernel"], entry["format"]), {})
            of_kernel.setdefault(entry["run_name"], []).append(entry["core_pct_fma_peak"])
    ours = result["context"]["mlabench"]
    return Measured(ours["cpu"], ours["isa"],
                    {key: max((statistics.median(values), name) for name, values in c.items())
                     for key, c in cases.items()})


def too_slow(options, predictions):
    """A line for each prediction below the limit."""
    lines = []
    for cpu, of_cpu in predictions.items():
        for loop, p in of_cpu.items():
            halves = FORMATS[loop.source] in ("bf16", "fp16")
            limit = options.halves_limit if halves else options.limit
            if loop.isa == "avx512" and isinstance(p, Prediction) and p.percent < limit:
                lines.append(f"{cpu}: {loop.name}: {p.percent:.1f} % is below {limit:g} % "
                             f"({p.limit})")
    return lines


# Reporting


def aligned(rows):
    """Text with the first four columns to the left, the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(text.ljust(w) if i < 4 else text.rjust(w)
                               for i, (text, w) in enumerate(zip(row, widths))).rstrip()
                     for row in rows)


def cell(prediction, form):
    if prediction is None:
        return "-"
    return "not run" if isinstance(prediction, str) else form(prediction)


def measured_cells(loop, run):
    found = run.of(loop)
    return [f"{found[order][0]:.1f}" if order in found else "-" for order in ORDERS]


def most_uops(loop, predictions):
    uops = [of_cpu[loop].uops for of_cpu in predictions.values()
            if isinstance(of_cpu.get(loop), Prediction)]
    return f"{max(uops):.0f}" if uops else "-"


def print_tables(version, loops, predictions, run):
    where = ["isa", "tile", "keys", "in"]
    names = [[l.isa, l.tile, l.source, l.function] for l in loops]
    print(f"% of the FMA peak, predicted by llvm-mca {version}"
          + (f"; measured on {run.machine}: whole cores, of the peak of {run.isa}" if run else ""))
    rows = [where + ["FMA", "loads", "uops", "spills", *PEAKS, *(ORDERS if run else [])]]
    for name, loop in zip(names, loops):
        rows.append(name + [str(loop.fmas), str(loop.loads), most_uops(loop, predictions),
                            str(loop.spills)]
                    + [cell(predictions[cpu].get(loop), lambda p: f"{p.percent:.1f}")
                       for cpu in PEAKS]
                    + (measured_cells(loop, run) if run else []))
    print(aligned(rows))
    print("\nLoads per step of the tile; issue slots per multiply-add, and what fills the cycles")
    rows = [where + ["loads", *PEAKS]]
    for name, loop in zip(names, loops):
        rows.append(name + [f"{loop.loads_per_step:g}"]
                    + [cell(predictions[cpu].get(loop),
                            lambda p, loop=loop: f"{p.uops / loop.fmas:.2f} {p.limit}")
                       for cpu in PEAKS])
    print(aligned(rows))


def print_remarks(loops, changed, predictions, notes, run):
    print()
    for note in notes:
        print(f"stands in: {note}")
    for reason in dict.fromkeys(f"{cpu}: not run: {p}" for cpu, of_cpu in predictions.items()
                                for p in of_cpu.values() if isinstance(p, str)):
        print(reason)
    best = {case for loop in loops for case in run.of(loop).values()} if run else ()
    for percent, name in sorted(best, key=lambda case: case[1]):
        print(f"measured: {percent:.1f} % in {name}")
    for loop in loops:
        if loop.spills:
            print(f"SPILL: {loop.name}: {loop.spills} stores in the loop")
        if loop.reloads:
            print(f"reloads: {loop.name}: {loop.reloads} loads from the stack in the loop")
    for loop in changed:
        print(f"MARKED: {loop.name}: the compiler makes another loop of it without its mark")


def prediction_as_json(prediction):
    if isinstance(prediction, str):
        return {"not_run": prediction}
    return {"percent": prediction.percent, "cycles": prediction.cycles, "uops": prediction.uops,
            "limit": prediction.limit}


def as_json(version, loops, changed, predictions, notes, run):
    def one(loop):
        return {"isa": loop.isa, "tile": loop.tile, "keys": loop.source, "in": loop.function,
                "fmas": loop.fmas, "loads": loop.loads, "loads_per_step": loop.loads_per_step,
                "spills": loop.spills, "reloads": loop.reloads, "changed_by_mark": loop in changed,
                "cpus": {cpu: prediction_as_json(of_cpu[loop])
                         for cpu, of_cpu in predictions.items() if loop in of_cpu},
                "measured": {order: percent for order, (percent, _) in run.of(loop).items()}
                            if run else None}

    return {"llvm_mca": version, "stand_ins": notes, "loops": [one(loop) for loop in loops]}


def write_csv(folder, loops, predictions):
    with open(folder / "mca.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["isa", "tile", "keys", "in", "fmas", "loads", "spills", "reloads", "cpu",
                        "percent", "cycles", "uops", "limit", "not_run"])
        for loop in loops:
            for cpu, of_cpu in predictions.items():
                p = of_cpu.get(loop)
                if p is not None:
                    figures = ([f"{p.percent:.2f}", f"{p.cycles:.3f}", f"{p.uops:g}", p.limit, ""]
                               if isinstance(p, Prediction) else ["", "", "", "", p])
                    table.writerow([loop.isa, loop.tile, loop.source, loop.function, loop.fmas,
                                    loop.loads, loop.spills, loop.reloads, cpu, *figures])


def write_tex(folder, loops, predictions):
    count = len(PEAKS)
    lines = ["% Needs the package booktabs.",
             rf"\begin{{tabular}}{{@{{}}lllr{'r' * count}@{{}}}}", r"\toprule",
             rf"& & & Loads & \multicolumn{{{count}}}{{r@{{}}}}{{Predicted \% of FMA peak}} \\",
             " & ".join(["ISA", "Tile", "Keys", "per FMA", *PEAKS]) + r" \\", r"\midrule"]
    for loop in loops:
        cells = [cell(predictions[cpu].get(loop), lambda p: f"{p.percent:.1f}") for cpu in PEAKS]
        keys = loop.source if loop.function == "attend" else f"{loop.source} ({loop.function})"
        lines.append(" & ".join([loop.isa, loop.tile, keys, f"{loop.loads / loop.fmas:.2f}",
                                 *("--" if c == "-" else c for c in cells)]) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}"]
    (folder / "mca.tex").write_text("\n".join(lines) + "\n", encoding="utf-8")


# Testing this script


def planted(isa, kind):
    """The lines of a function with a marked loop of 12 multiply-adds in another loop."""
    v = REGISTERS[isa]
    code = [f"vmovups (%rdi), {v}12", f"vmovups (%rsi), {v}13"]
    for i in range(12):
        before = {"spill": [f"vmovups {64 * i}(%rsp), {v}{i}"],
                  "loads": [f"vmovups {64 * j}(%rdi), {v}14" for j in range(3)]}
        after = {"spill": [f"vmovups {v}{i}, {64 * (i + n)}(%rsp)" for n in range(3)]}
        own = 0 if kind == "chain" else i
        code += [*before.get(kind, []), f"vfmadd231ps {v}12, {v}13, {v}{own}",
                 *after.get(kind, [])]
    return ["f:", ".L1:", "\tleaq 8(%rsp), %rcx", ".L2:", f"\t# mca {kind} 0 3",
            *("\t" + c for c in code), "\taddq $64, %rdi", "\tcmpq %rdi, %rcx", "\tjne .L2",
            "\tvfmadd231ps %ymm0, %ymm1, %ymm2", "\tjne .L1", "\tret"]


def failures_of(tool, isa, cpu):
    """What is wrong with the verdicts on loops that are good and bad on purpose."""
    model = Model(tool, cpu, isa)
    loops = {}
    for kind in ("good", "chain", "spill", "loads"):
        found = marked_loops(isa, planted(isa, kind))
        if [(l.tile, l.fmas, l.function) for l in found] != [(kind, 12, "f")]:
            return [f"loop {kind} is not found as it is: {found}"]
        loops[kind] = found[0]
    percent = {kind: model.predict(loop).percent for kind, loop in loops.items()}
    wrong = [f"{kind} is predicted {percent[kind]:.1f} %, good {percent['good']:.1f} %"
             for kind in ("chain", "spill", "loads") if percent[kind] > 0.9 * percent["good"]]
    if percent["good"] < 97:
        wrong.append(f"a good loop is predicted {percent['good']:.1f} %")
    if (loops["good"].spills, loops["spill"].spills, loops["spill"].reloads) != (0, 36, 12):
        wrong.append("stores to the stack are not counted right")
    if changed_by_marks([loops["good"]], planted(isa, "good")) or \
            not changed_by_marks([loops["good"]], planted(isa, "loads")):
        wrong.append("loops that marks change are not told from those that they do not")
    if isa == "avx512" and not too_slow(argparse.Namespace(limit=90, halves_limit=90),
                                        {cpu: {loops["chain"]: model.predict(loops["chain"])}}):
        wrong.append("a slow loop passes the limit")
    return wrong


def self_test():
    tool, version = find_tool()
    run, failed = 0, []
    for cpu, isas in PEAKS.items():
        for isa in isas:
            try:
                failed += [f"{cpu}, {isa}: {line}" for line in failures_of(tool, isa, cpu)]
                run += 1
            except Unavailable as reason:
                print(f"{cpu}, {isa}: not run: {reason}")
    if not run:
        return NOT_RUN
    print("\n".join(failed) or f"mca: llvm-mca {version} tells bad loops from good ones in "
          f"{run} models")
    return 1 if failed else 0


# Running it all


def parse_options():
    parser = argparse.ArgumentParser(description="Predicts the speed of the vector kernels' loops.",
                                     allow_abbrev=False)
    parser.add_argument("--build", default="build", help="folder of the normal build (build)")
    parser.add_argument("--cc", default="cc", help="compiler (cc)")
    parser.add_argument("--flags", default="", help="its flags, as in the normal build")
    parser.add_argument("--isa", action="append", default=[], metavar="NAME=FLAGS",
                        help="an instruction set and its flags")
    parser.add_argument("--run", metavar="FOLDER", help="a run to compare with")
    parser.add_argument("--limit", type=float, default=90, metavar="PERCENT",
                        help="that AVX-512 loops have to reach (90)")
    # Two conversions to a value take the place of 12 multiply-adds in 36: 67 % on two ports.
    parser.add_argument("--halves-limit", type=float, default=55, metavar="PERCENT",
                        help="the same for those that read bf16 or fp16 rows (55)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--self-test", action="store_true", help="try planted loops only")
    return parser.parse_args()


def run_all(options):
    if options.self_test:
        return self_test()
    run = read_run(options.run) if options.run else None
    if not options.isa:
        raise Unavailable("these loops are for x86-64")
    tool, version = find_tool()
    options.folder = Path(options.build) / "mca"
    options.folder.mkdir(parents=True, exist_ok=True)
    loops, changed = compile_all(options)
    predictions, notes = predict_all(tool, loops)
    if options.json:
        print(json.dumps(as_json(version, loops, changed, predictions, notes, run), indent=1))
    else:
        print_tables(version, loops, predictions, run)
        print_remarks(loops, changed, predictions, notes, run)
    write_csv(options.folder, loops, predictions)
    write_tex(options.folder, loops, predictions)
    if not any(isinstance(p, Prediction) for of_cpu in predictions.values()
               for p in of_cpu.values()):
        return NOT_RUN
    slow = too_slow(options, predictions)
    for line in slow:
        print(line, file=sys.stderr)
    return 1 if slow else 0


def main():
    os.chdir(Path(__file__).resolve().parent.parent)
    try:
        return run_all(parse_options())
    except Unavailable as reason:
        print(f"mca: not run: {reason}")
        return NOT_RUN
    except (McaError, OSError) as error:
        print(f"mca: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
