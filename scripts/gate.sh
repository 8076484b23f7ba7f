#!/usr/bin/env bash
# Usage: scripts/gate.sh BUILD REVISION [OPTION]...
# Builds the kernels of a git revision beside those of the working tree, with the same compiler and
# flags (CC, CFLAGS, DEBUG of the environment), and lets `mlabench gate` compare them. Its exit
# code is the gate's.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$1 revision=${2:-}
shift 2 || {
    echo 'usage: scripts/gate.sh BUILD REVISION [OPTION]...' >&2
    exit 2
}
if [ -z "$revision" ]; then
    echo 'make check: with which revision? make check BASE=main, or BASE=HEAD to compare what is not committed yet' >&2
    exit 2
fi
commit=$(git rev-parse --verify --quiet "$revision^{commit}") || {
    echo "make check: '$revision' names no commit here; in a shallow clone, fetch it first (GitHub Actions: fetch-depth: 0)" >&2
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
echo "base: $(git log -1 --format='%h %s' "$commit")"
# What make was told on its command line is in the environment too; its own jobs are not to be had.
unset MAKEFLAGS MFLAGS
make -C "$work" -j"$(nproc)" BUILD=build build/libmlakernels.so >"$build/base.log" 2>&1 || {
    cat "$build/base.log" >&2
    echo "make check: $revision does not build" >&2
    exit 2
}
"$build/mlabench" gate --base "$work/build/libmlakernels.so" --head "$build/libmlakernels.so" "$@"
