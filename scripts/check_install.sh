#!/usr/bin/env bash
# Installs into a fresh prefix, builds the example kernel against what is installed there, and
# verifies it from elsewhere: what somebody with a kernel of their own does.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MLABENCH_DATA
prefix=$work/prefix
make --no-print-directory -s install PREFIX="$prefix" DESTDIR=

cp -r tests/example-kernel "$work/example"
make --no-print-directory -C "$work/example" INCLUDE="$prefix/include" CFLAGS='-O3 -Wextra -Werror'

cd "$work/example"
"$prefix/bin/mlabench" list --plugin ./example.so | tee list
grep -qw example list
"$prefix/bin/mlabench" verify --plugin ./example.so --kernel example --model tiny \
    --cached 65 --new 3 | tee verify
grep -Eq '^([a-z]+: )?[1-9][0-9]* passed, 0 failed' verify

# The man page knows every option that the program has, and renders.
manual=$prefix/share/man/man1/mlabench.1
for command in list run verify memory report; do
    "$prefix/bin/mlabench" "$command" --help
done | grep -oE -- '--[a-z]+(-[a-z]+)*' | sort -u >options
[ -s options ]
while read -r option; do
    grep -qE -- "(Fl|,) ${option#-}( |$)" "$manual" || {
        echo "check_install: the man page lacks $option"
        exit 1
    }
done <options
if command -v mandoc >/dev/null; then
    mandoc -T lint -W warning "$manual"
else
    echo "check_install: man page not checked: mandoc is not installed (make setup-dev)"
fi

# Staged packages are relocated, and nothing stays behind.
cd "$OLDPWD"
make --no-print-directory -s install PREFIX=/usr DESTDIR="$work/stage"
[ -x "$work/stage/usr/bin/mlabench" ]
make --no-print-directory -s uninstall PREFIX="$prefix" DESTDIR=
left=$(find "$prefix" ! -type d)
[ -z "$left" ] || {
    echo "check_install: make uninstall left $left"
    exit 1
}
echo "check_install: installed, example kernel verified, man page complete, uninstalled"
