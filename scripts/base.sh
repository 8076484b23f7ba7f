#!/usr/bin/env bash
# Usage: scripts/base.sh BUILD REVISION GOAL
# Builds the kernels of a git revision, BUILD/base/build/libmlakernels.so, with the compiler and
# flags of the environment (CC, CFLAGS, DEBUG). Prints the folder of its sources, BUILD/base, and on
# stderr which commit it is. GOAL, e.g. 'make check', is what messages call the command.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -eq 3 ] || {
    echo 'usage: scripts/base.sh BUILD REVISION GOAL' >&2
    exit 2
}
build=$1 revision=$2 goal=$3
if [ -z "$revision" ]; then
    echo "$goal: with which revision? $goal BASE=main, or BASE=HEAD to compare what is not committed yet" >&2
    exit 2
fi
[ -e .git ] || {
    echo "$goal: needs a git checkout, from which a revision can be built; this tree is not one" >&2
    exit 2
}
commit=$(git rev-parse --verify --quiet "$revision^{commit}") || {
    echo "$goal: '$revision' names no commit here; in a shallow clone, fetch it first (GitHub Actions: fetch-depth: 0)" >&2
    exit 2
}

# Kept from one time to the next, so that only what differs is compiled.
work=$build/base
if [ -e "$work/.git" ]; then
    git -C "$work" checkout --quiet --force --detach "$commit"
else
    rm -rf "$work"
    git worktree prune
    git worktree add --quiet --force --detach "$work" "$commit"
fi
echo "base: $(git log -1 --format='%h %s' "$commit")" >&2
# What make was told on its command line is in the environment too; its own jobs are not to be had.
unset MAKEFLAGS MFLAGS
make -C "$work" -j"$(nproc)" BUILD=build build/libmlakernels.so >"$build/base.log" 2>&1 || {
    cat "$build/base.log" >&2
    echo "$goal: $revision does not build" >&2
    exit 2
}
echo "$work"
