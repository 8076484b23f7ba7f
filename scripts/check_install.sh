#!/usr/bin/env bash
# Installs into a fresh prefix, builds the example kernels (C, C++, Rust) against what is installed
# there, and verifies them from elsewhere: what somebody with a kernel of their own does.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MLABENCH_DATA
prefix=$work/prefix
make --no-print-directory -s install PREFIX="$prefix" DESTDIR=

verified=
verify_example() { # LANGUAGE FOLDER KERNEL MAKE_VARIABLE...
    local language=$1 folder=$work/$2 kernel=$3 case=(--model tiny --cached 65 --new 3)
    cp -r "tests/$2" "$folder"
    make --no-print-directory -C "$folder" INCLUDE="$prefix/include" "${@:4}"
    (
        cd "$folder"
        "$prefix/bin/mlabench" list kernels --plugin ./example.so | tee list
        grep -qw -- "$kernel" list
        for layer in '' --layer; do
            "$prefix/bin/mlabench" verify --plugin ./example.so --kernel "$kernel" "${case[@]}" \
                $layer | tee verify
            grep -Eq '^([a-z]+: )?[1-9][0-9]* passed, 0 failed' verify
        done
    )
    verified+=" $language"
}
verify_example C example-kernel example CFLAGS='-O3 -Wextra -Werror'
if command -v g++ >/dev/null; then
    verify_example C++ example-kernel-cpp example-cpp CXX=g++ CXXFLAGS='-O3 -Wextra -Werror'
else
    echo 'check_install: the C++ example was not run: g++ is missing (make setup-dev)'
fi
if command -v rustc >/dev/null; then
    verify_example Rust example-kernel-rust example-rust RUSTFLAGS='-C opt-level=3 -D warnings'
else
    echo 'check_install: the Rust example was not run: rustc is missing'
fi

# The man page knows every option that the program has, and renders.
cd "$work"
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
echo "check_install: installed, kernels verified in:$verified; man page complete, uninstalled"
