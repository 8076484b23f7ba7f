#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks JSON files against a JSON Schema (draft 7).

    check_schema.py SCHEMA FILE...

Prints what does not fit and where; exits 0 if all fit, 1 if not, 2 if something cannot be read.
Needs python3-jsonschema (Debian's name)."""
import json
import sys

try:
    from jsonschema import Draft7Validator
except ImportError:
    sys.exit("check_schema.py needs the Python module jsonschema (Debian: python3-jsonschema)")


def load(path):
    """JSON as Jansson reads it: NaN and Infinity are no numbers."""

    def refuse(word):
        raise ValueError(f"{word} is not JSON")

    with open(path, encoding="utf-8") as file:
        return json.load(file, parse_constant=refuse)


def main(arguments):
    if len(arguments) < 2:
        print("usage: check_schema.py SCHEMA FILE...", file=sys.stderr)
        return 2
    fitting = True
    try:
        schema = load(arguments[0])
        Draft7Validator.check_schema(schema)
        validator = Draft7Validator(schema)
        for path in arguments[1:]:
            found = sorted(validator.iter_errors(load(path)), key=lambda e: list(map(str, e.path)))
            for error in found[:20]:
                where = "/".join(map(str, error.path)) or "the file"
                print(f"{path}: {where}: {error.message[:300]}", file=sys.stderr)
            if len(found) > 20:
                print(f"{path}: and {len(found) - 20} more", file=sys.stderr)
            fitting = fitting and not found
    except (OSError, ValueError) as error:
        print(f"check_schema.py: {error}", file=sys.stderr)
        return 2
    return 0 if fitting else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
