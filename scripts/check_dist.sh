#!/usr/bin/env bash
# Makes the release tarball of what is committed twice, and builds the second from it, inside a
# repository that is not its own: the same bytes, nothing but sources in it, a program that knows
# version and commit and computes, tests that run, an installed program; and what needs git says so.
# Exits with 0, 1, or 77 where a part could not be run.
set -euo pipefail
cd "$(dirname "$0")/.."

code=0
fail() { # MESSAGE
    echo "check_dist: FAILED: $1"
    exit 1
}

# Debian's modules are for Debian's python3, whichever one comes first in PATH.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
if command -v "$python" >/dev/null; then
    "$python" scripts/check_versions.py || code=$?
    [ "$code" -eq 0 ] || [ "$code" -eq 77 ] || exit 1
else
    echo 'check_dist: versions not compared: python3 is missing (make setup-dev)'
    code=77
fi
if [ ! -e .git ]; then
    echo 'check_dist: not run: needs a git checkout, of which a release is made; this tree is not one'
    exit 77
fi

# Jobs and variables of a make that started this are not for those below.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES CFLAGS LDFLAGS DEBUG SANITIZE BUILD PREFIX DESTDIR MLABENCH_DATA
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
commit=$(git rev-parse HEAD)
name=mlabench-$(git show HEAD:Makefile | sed -n 's/^VERSION := //p')
make --no-print-directory -s dist BUILD="$work/one"
(
    umask 077
    sleep 1 # a time of its own, in whole seconds
    TZ=Asia/Tokyo LC_ALL=C XZ_DEFAULTS=-0 make --no-print-directory -s dist BUILD="$work/two"
)
tarball=$work/two/dist/$name.tar.xz
cmp "$work/one/dist/$name.tar.xz" "$tarball" || fail 'made again, the tarball is another'

# Everything is in one folder, sorted, of no owner, and of the commit's time; nothing but what git has.
TZ=UTC tar --numeric-owner --full-time -tvf "$tarball" >"$work/list"
date=$(TZ=UTC git log -1 --date=format-local:'%Y-%m-%d %H:%M:%S' --format=%cd HEAD)
if grep -vE "^[d-]rw[x-]r-[x-]r-[x-] 0/0 +[0-9]+ $date $name/" "$work/list"; then
    fail 'the lines above should be of owner 0, for all to read, of the commit'"'"'s time, below its folder'
fi
tar -tf "$tarball" | tr / '\001' | LC_ALL=C sort -c || fail 'the names in the tarball are not sorted'
tar -tf "$tarball" | grep -v '/$' | sed "s,^$name/,," | LC_ALL=C sort >"$work/has"
{
    git ls-tree -r -z --name-only HEAD | tr '\0' '\n' | grep -vE '^(\.ci/|\.git(attributes|ignore)$)'
    echo .commit
} | LC_ALL=C sort >"$work/wants"
diff "$work/wants" "$work/has" || fail 'the tarball holds other files than the commit'

# From here on, elsewhere; a repository around it must not pass its commit for the tarball's.
outer=$work/outer
git init -q "$outer"
git -C "$outer" -c user.name=- -c user.email=- commit -q --allow-empty -m other
tar -C "$outer" -xf "$tarball"
cd "$outer/$name"
[ ! -d /usr/lib/ccache ] || export PATH=/usr/lib/ccache:$PATH CCACHE_NOHASHDIR=1
build() { # GOAL...
    make --no-print-directory -j"$(nproc)" "$@" >"$work/log" 2>&1 || {
        cat "$work/log"
        fail "make $*, in the unpacked tarball"
    }
}
build all
says=$(build/mlabench --version)
[ "$says" = "mlabench ${name#mlabench-} (${commit::12})" ] || fail "build/mlabench --version says '$says'"
build/mlabench verify -q --model tiny --cached 65 --new 3
build/mlabench run -q --no-report --model tiny --cached 65 --kernel naive --out "$work/run" >/dev/null
stated() { # KEY
    sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},*$/\1/p" "$work/run/result.json" | head -n 1
}
[ "$(stated commit) $(stated dirty) $(stated version)" = "${commit::12} false ${name#mlabench-}" ] ||
    fail "result.json says commit '$(stated commit)', dirty '$(stated dirty)', version '$(stated version)'"

build build/mlabench-tests
OMP_WAIT_POLICY=passive build/mlabench-tests --filter 'cli/*' -j1 2>&1 | tail -n 1 | tee "$work/tests"
grep -qE 'Tested: [1-9][0-9]* \| Passing: [1-9][0-9]* \| Failing: 0 \| Crashing: 0' "$work/tests" ||
    fail 'the tests cli/*, in the unpacked tarball'

build install PREFIX="$work/installed"
(cd "$work" && installed/bin/mlabench list models | grep -qw deepseek-v3) ||
    fail 'the installed program does not list its models'

# What needs git fails with a reason; and a file that was changed is not passed for the commit's.
for goal in dist 'check BASE=HEAD' ci; do
    # shellcheck disable=SC2086 # goal and variable
    if make --no-print-directory $goal >"$work/log" 2>&1 ||
        ! grep -q 'needs a git checkout' "$work/log"; then
        cat "$work/log"
        fail "make $goal, in the unpacked tarball, should say that it needs a git checkout"
    fi
done
echo >>kernels/kernel.h
[ "$(scripts/commit.sh)" = "${commit::12} true" ] ||
    fail "with a changed file, scripts/commit.sh says '$(scripts/commit.sh)'"
rm .commit
[ "$(scripts/commit.sh)" = 'unknown true' ] ||
    fail "without .commit, scripts/commit.sh says '$(scripts/commit.sh)'"
echo "check_dist: $name.tar.xz, commit ${commit::12}: always the same bytes, builds, verifies, installs"
exit "$code"
