#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The README's pictures anew, and the list of where each is from: results/pictures/README.md, with
the command, the date, the commit and the machine, as result.json states them. `make readme-figures`
runs it.

    readme_figures.py                   runs the suites default and serving, eight minutes
    readme_figures.py --run FOLDER [--serving FOLDER]   takes what is in these runs, and no others
    readme_figures.py --check           only that the list has every picture that README.md shows

Of BUILD, what `make mutants`, `make judges` and `make gate-study` left there is taken too if it is
whole; those pictures stay as they are otherwise. Nothing is replaced unless all can be.

Exit codes: 0 fine, 1 a picture is not in the list as it is, 2 there is something that cannot be
taken, and else those of `mlabench run`."""
import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from provenance import origin_of_run

ROOT = Path(__file__).resolve().parent.parent
LIST = "README.md"

# By picture: what it comes from, and the plot in there.
PICTURES = {
    "latency.png": ("run", "deepseek-v2-lite-decode-batch1-fp32-latency"),
    "error.png": ("run", "error"),
    "stages.png": ("run", "deepseek-v2-lite-stages"),
    "roofline.png": ("run", "deepseek-v2-lite-roofline"),
    "trade.png": ("serving", "deepseek-v2-lite-trade"),
    "gate.png": ("gate-study", "gate"),
    "mutants.png": ("mutants", "mutants"),
    "judges.png": ("judges", "judges"),
}
SUITES = {"run": "default", "serving": "serving"}

# Below BUILD, the folder and the file whose `origin` says what scripts/provenance.py found.
STUDIES = {
    "gate-study": ("gate-study", "rates.json"),
    "mutants": ("mutants", "matrix.json"),
    "judges": ("mutants", "judges.json"),
}

HEAD = """# The README's pictures

`make readme-figures` draws them anew and writes this list, from what `result.json` says of each run;
`scripts/check_readme.sh` holds README.md to it. A picture's sha256 begins with the digits given here.

"""
COLUMNS = ("picture", "from", "date", "commit", "CPU", "CPUs", "instruction set", "sha256")


class Unusable(Exception):
    """Something cannot be taken; the message says why."""


@dataclass(frozen=True)
class Source:
    folder: Path
    origin: dict


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


# The list


def read_list(folder):
    """By picture, the cells after its name."""
    path = folder / LIST
    if not path.exists():
        return {}
    rows = (line.strip("| \n").split(" | ") for line in
            path.read_text(encoding="utf-8").splitlines() if re.match(r"\| \S+\.png \|", line))
    return {row[0]: row[1:] for row in rows}


def write_list(folder, rows):
    lines = [COLUMNS, ["---"] * len(COLUMNS), *([name, *rows[name]] for name in PICTURES
                                                if name in rows)]
    text = HEAD + "".join(f"| {' | '.join(line)} |\n" for line in lines)
    part = folder / f"{LIST}.part"
    part.write_text(text.replace("| --- ", "|---").replace("|--- |", "|---|"), encoding="utf-8")
    part.replace(folder / LIST)


def short(command):
    """A command without where the program and its results were."""
    words = shlex.split(command)
    words[0] = Path(words[0]).name
    kept, skip = [], False
    for word in words:
        if not skip and word not in ("--out", "-q") and not word.startswith("--out="):
            kept.append(word)
        skip = word == "--out"
    return shlex.join(kept)


def cells(origin, picture):
    """A row of the list, without the picture's name."""
    commit = origin["commit"] + (", changed" if origin["dirty"] else "")
    text = [f"`{short(origin['command'])}`", origin["date"], commit, origin["cpu"] or "unknown",
            str(origin["num_cpus"]), origin["isa"], digest(picture)]
    return [t.replace("|", "/") for t in text]


# What pictures come from


def of_run(folder):
    try:
        origin = origin_of_run(folder)
    except (OSError, ValueError, KeyError) as error:
        raise Unusable(f"{folder} is no folder of a run: {error}") from error
    if not origin["whole"]:
        raise Unusable(f"{folder}: the run was not completed, or a kernel failed")
    return Source(folder, origin)


def of_study(build, study):
    """What a script left in the build, or None with a line that says why not."""
    folder, file = build / STUDIES[study][0], STUDIES[study][1]
    try:
        origin = json.loads((folder / file).read_text(encoding="utf-8"))["origin"]
    except OSError:
        reason = f"there is no {folder / file}"
    except (ValueError, KeyError):
        reason = f"{folder / file} does not say where it is from"
    else:
        if origin and origin["whole"]:
            return Source(folder, origin)
        reason = f"{folder / file} is of a part"
    print(f"as it was: the picture of make {study}: {reason} (ALL=1 makes it)")
    return None


def run_suite(build, suite):
    folder = build / "readme-figures" / suite
    done = subprocess.run([f"{build}/mlabench", "run", "--suite", suite, "--out", str(folder)],
                          check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return folder


def find_sources(options):
    given = {"run": options.run, "serving": options.serving}
    if not any(given.values()):
        given = {name: run_suite(options.build, suite) for name, suite in SUITES.items()}
    sources = {name: of_run(folder) for name, folder in given.items() if folder}
    sources |= {study: of_study(options.build, study) for study in STUDIES}
    return {name: source for name, source in sources.items() if source}


def make_anew(options):
    sources = find_sources(options)
    plots = {}
    for picture, (name, plot) in PICTURES.items():
        if name in sources:
            plots[picture] = sources[name].folder / f"plots/{plot}.png"
            if not plots[picture].is_file():
                raise Unusable(f"{plots[picture]} is missing: the run has no such cases, or "
                               "`mlabench report RESULT.json` has to draw it")
    options.out.mkdir(parents=True, exist_ok=True)
    rows = read_list(options.out)
    for picture, plot in plots.items():
        shutil.copyfile(plot, options.out / picture)
        rows[picture] = cells(sources[PICTURES[picture][0]].origin, plot)
        print(f"{options.out / picture}: {plot}")
    write_list(options.out, rows)
    return 0


# What is there


def check(options):
    """Every picture that README.md shows or links is in the list, and the file is that one."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\(results/pictures/([^)]+\.png)\)", readme))
    there = {path.name for path in options.out.glob("*.png")}
    rows = read_list(options.out)
    wrong = [] if shown else ["README.md shows no picture"]
    for name in sorted(shown | there | set(rows)):
        if name not in rows:
            wrong.append(f"{name} is not in the list")
        elif name not in there:
            wrong.append(f"{name} is not there")
        elif len(rows[name]) != len(COLUMNS) - 1 or not all(rows[name]):
            wrong.append(f"{name} has a row with empty cells")
        elif rows[name][-1] != digest(options.out / name):
            wrong.append(f"{name} is another one than that in the list")
        elif name not in shown:
            wrong.append(f"{name} is not in README.md")
        elif name not in PICTURES:
            wrong.append(f"{name} is not among those that are made anew")
    folder = os.path.relpath(options.out)
    for line in wrong:
        print(f"readme_figures: {folder}: {line}")
    if not wrong:
        print(f"readme_figures: {len(shown)} pictures of README.md are in {folder}/{LIST}")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description="The README's pictures, and where each is from.")
    parser.add_argument("--build", type=Path, default=Path("build"), help="(build)")
    parser.add_argument("--run", type=Path, help="folder of a run instead of suite default")
    parser.add_argument("--serving", type=Path, help="folder of a run instead of suite serving")
    parser.add_argument("--out", type=Path, default=ROOT / "results/pictures",
                        help="folder of pictures and list (results/pictures)")
    parser.add_argument("--check", action="store_true", help="only whether all are in the list")
    options = parser.parse_args()
    try:
        return check(options) if options.check else make_anew(options)
    except (Unusable, OSError) as error:
        print(f"readme_figures: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
