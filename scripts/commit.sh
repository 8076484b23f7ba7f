#!/bin/sh
# Prints what these sources are: a commit (12 digits, or `unknown`) and whether they differ from it
# (true or false). In a git checkout git knows; in an unpacked release tarball `.commit` does, which
# scripts/dist.sh put there: a line with the commit, then the checksum of every file. What is neither
# is of no known commit, whatever repository it may lie in.
cd "$(dirname "$0")/.." || exit

if [ -f .commit ]; then
    commit=$(head -n 1 .commit)
    tail -n +2 .commit | sha256sum --check --status --strict 2>/dev/null && dirty=false
elif [ -e .git ]; then
    commit=$(git rev-parse --short=12 HEAD 2>/dev/null)
    git diff --quiet HEAD 2>/dev/null && dirty=false
fi
echo "$(echo "${commit:-unknown}" | cut -c 1-12) ${dirty:-true}"
