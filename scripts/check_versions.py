#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that CITATION.cff is one, and that it, CHANGELOG.md and the Makefile state the same version,
and the first two the same date, or none: `unreleased`. It is not held to the Citation File Format's
whole schema, but to the types of the keys that are used here, and nothing else may be there.

Exit codes: 0 so it is, 1 it is not, 77 python3-yaml (Debian's name) is missing."""
import datetime
import re
import sys
from pathlib import Path

try:
    import yaml
except ImportError:
    print("check_versions: not run: the Python module yaml is missing (make setup-dev)")
    sys.exit(77)

ROOT = Path(__file__).resolve().parent.parent

# Of https://github.com/citation-file-format, version 1.2.0: the keys that it wants, those that a
# reader wants, and the one that only a released version has.
NEEDED = {"cff-version": str, "message": str, "title": str, "authors": list, "type": str,
          "abstract": str, "version": str, "license": str, "keywords": list}
OPTIONAL = {"date-released": datetime.date}


def wrong_in_citation(citation):
    """What is wrong with its keys, in words."""
    if not isinstance(citation, dict):
        return ["it is no mapping of keys"]
    wrong = [f"it lacks {key}" for key in NEEDED if key not in citation]
    types = NEEDED | OPTIONAL
    for key, value in citation.items():
        if key not in types:
            wrong.append(f"{key} is not one of {', '.join(types)}")
        elif not isinstance(value, types[key]) or not value:
            wrong.append(f"{key} is {value!r}, not a {types[key].__name__} with something in it")
    if wrong:
        return wrong
    if citation["cff-version"] != "1.2.0":
        wrong.append(f"cff-version is {citation['cff-version']}, not 1.2.0")
    if citation["type"] != "software":
        wrong.append(f"type is {citation['type']}, not software")
    if not all(isinstance(word, str) for word in citation["keywords"]):
        wrong.append("a keyword is no text")
    if len(set(map(str, citation["keywords"]))) < len(citation["keywords"]):
        wrong.append("a keyword comes twice")
    for author in citation["authors"]:
        if not isinstance(author, dict) or not isinstance(author.get("name"), str):
            wrong.append(f"{author!r} is no entity: it has no name")
    return wrong


def stated(path, pattern):
    """What the first match of a pattern in a file of the tree says."""
    found = re.search(pattern, (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise ValueError(f"{path} has no line like {pattern}")
    return found.groups()


def main():
    try:
        citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
        wrong = [f"CITATION.cff: {what}" for what in wrong_in_citation(citation)]
        (make,) = stated("Makefile", r"^VERSION := (\S+)$")
        changes, date = stated("CHANGELOG.md", r"^## (\S+) - (unreleased|\d{4}-\d\d-\d\d)$")
        (license_name,) = stated("LICENSE", r"^(\S+) License$")
    except (OSError, ValueError, yaml.YAMLError) as error:
        print(f"check_versions: {error}")
        return 1
    if not wrong:
        released = str(citation.get("date-released", "unreleased"))
        for what, ours, theirs in (("CHANGELOG.md's version", changes, make),
                                   ("CITATION.cff's version", citation["version"], make),
                                   ("CITATION.cff's date-released", released, date),
                                   ("CITATION.cff's license", citation["license"], license_name)):
            if ours != theirs:
                wrong.append(f"{what} is {ours}, but should be {theirs}")
    for line in wrong:
        print(f"check_versions: {line}")
    if not wrong:
        print(f"check_versions: version {make}, {date}, in Makefile, CHANGELOG.md and CITATION.cff")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
