#!/usr/bin/env bash
# Usage: scripts/dist.sh FOLDER
# Makes FOLDER/mlabench-VERSION.tar.xz of what git has at HEAD, changes in the working tree or not,
# without what .gitattributes leaves out and with .commit, which scripts/commit.sh explains. The same
# commit gives the same bytes, at any time and for anybody, wherever tar and xz are of the same
# versions: names are sorted, times are the commit's, owners and permissions are not those at hand.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -eq 1 ] || {
    echo 'usage: scripts/dist.sh FOLDER' >&2
    exit 2
}
folder=$1
# A tarball unpacked inside some other repository must not become a release of that.
[ -e .git ] || {
    echo 'make dist: needs a git checkout, as a release is what git has at HEAD; this tree is not one' >&2
    exit 2
}
commit=$(git rev-parse --verify --quiet 'HEAD^{commit}') || {
    echo 'make dist: git finds no commit here (git rev-parse HEAD says why)' >&2
    exit 2
}
version=$(git show HEAD:Makefile | sed -n 's/^VERSION := //p')
[ -n "$version" ] || {
    echo 'make dist: the Makefile at HEAD states no VERSION' >&2
    exit 2
}
if [ -n "$(git status --porcelain)" ]; then
    echo "make dist: the working tree differs from HEAD (git status); the tarball is of HEAD alone" >&2
fi

name=mlabench-$version
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/$name"
git archive --format=tar HEAD | tar -C "$work/$name" -xf -
(
    cd "$work/$name"
    {
        echo "$commit"
        find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum --
    } >"$work/commit"
    mv "$work/commit" .commit
)

mkdir -p "$folder"
tarball=$folder/$name.tar.xz
tar -C "$work" --format=ustar --sort=name --mtime="@$(git log -1 --format=%ct HEAD)" \
    --owner=0 --group=0 --numeric-owner --mode='u=rwX,go=rX' -cf - "$name" |
    xz --threads=1 -6 >"$tarball.part"
mv "$tarball.part" "$tarball"
echo "$tarball: commit ${commit::12}"
