# SPDX-License-Identifier: MIT
"""Where a figure comes from: the program's commit, the machine, the command. Runs have it in the
context of result.json; what scripts make of many calls of the program asks one of them."""
import json
import subprocess
import tempfile
from pathlib import Path


def origin_of_run(folder):
    """What a picture's list says of a run, from the context of its result.json."""
    path = Path(folder) / "result.json"
    context = json.loads(path.read_text(encoding="utf-8"))["context"]
    ours = context["mlabench"]
    return {"command": ours["command_line"], "date": ours["started"][:10],
            "commit": ours["commit"], "dirty": ours["dirty"], "cpu": ours["cpu"],
            "num_cpus": context["num_cpus"], "isa": ours["isa"],
            "whole": ours["complete"] and not ours["interrupted"] and not ours["failed"]}


def origin(build, command, whole):
    """The same of what a script has just made with the program in build; whole: of all that it
    makes, not of a sample. None where the program does not run."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([f"{build}/mlabench", "run", "-q", "--no-report", "--kernel", "naive",
                               "--model", "tiny", "--cached", "5", "--out", folder],
                              capture_output=True, check=False)
        if done.returncode:
            return None
        return origin_of_run(folder) | {"command": command, "whole": whole}
