#!/bin/sh
# Installs the packages that building, testing and benchmarking need: scripts/setup.sh bench; or
# those of lint, sanitizers and CI: scripts/setup.sh dev; or of `make paper`: scripts/setup.sh paper.
# Silent when nothing is missing.
set -eu

case "${1:-}" in
bench)
    apt='gcc libc6-dev make git pkg-config libjansson-dev libopenblas-dev libpapi-dev
        libcriterion-dev libmpfr-dev libgmp-dev gnuplot-nox fonts-dejavu-core fonts-lmodern'
    dnf='gcc make git pkgconf-pkg-config jansson-devel openblas-devel papi-devel mpfr-devel
        gmp-devel gnuplot dejavu-sans-fonts texlive-lm'
    pacman='gcc make git pkgconf jansson openblas mpfr gmp gnuplot criterion ttf-dejavu
        otf-latin-modern'
    tools='cc make git pkg-config gnuplot'
    headers='jansson.h criterion/criterion.h mpfr.h gmp.h'
    libraries='openblas'
    note='Criterion (tests) and PAPI (counters) are not in every release of Fedora and Arch:
  https://github.com/Snaipe/Criterion and https://icl.utk.edu/papi build from source.'
    ;;
dev)
    # llvm-19 for its llvm-mca: Debian 12's own, 14, knows no Zen 4.
    apt='g++ clang clang-format clang-tidy cppcheck shellcheck libomp-dev libclang-rt-dev valgrind
        libbenchmark-tools python3 python3-numpy python3-scipy python3-jsonschema python3-yaml mandoc
        llvm-19 qemu-user gcc-aarch64-linux-gnu libc6-dev-arm64-cross bochs bochs-term
        qemu-system-arm cpio xz-utils chromium ccache'
    dnf='gcc-c++ clang clang-tools-extra cppcheck ShellCheck libomp-devel compiler-rt valgrind
        valgrind-devel google-benchmark python3-numpy python3-scipy python3-jsonschema python3-pyyaml
        mandoc llvm qemu-user gcc-aarch64-linux-gnu bochs qemu-system-aarch64 cpio xz chromium ccache'
    pacman='clang cppcheck shellcheck openmp compiler-rt valgrind benchmark python-numpy
        python-scipy python-jsonschema python-yaml mandoc llvm qemu-user aarch64-linux-gnu-gcc bochs
        qemu-system-aarch64 cpio xz chromium ccache'
    tools='g++ clang clang-format clang-tidy cppcheck shellcheck valgrind python3 mandoc llvm-mca
        qemu-x86_64 qemu-aarch64 aarch64-linux-gnu-gcc bochs qemu-system-aarch64 cpio xz ccache'
    headers=''
    libraries=''
    note=''
    ;;
paper)
    apt='texlive-latex-base texlive-latex-recommended texlive-fonts-recommended lmodern fonts-lmodern
        gnuplot-nox poppler-utils'
    dnf='texlive-collection-latexrecommended texlive-collection-fontsrecommended texlive-lm gnuplot
        poppler-utils'
    pacman='texlive-latexrecommended texlive-fontsrecommended otf-latin-modern gnuplot poppler'
    tools='pdflatex gnuplot pdffonts'
    headers=''
    libraries=''
    note=''
    ;;
*)
    echo "usage: $0 bench|dev|paper" >&2
    exit 2
    ;;
esac

# Of the tools, headers and libraries, those that are not there, whoever installed them.
absent() {
    for tool in $tools; do
        command -v "$tool" >/dev/null || printf ' %s' "$tool"
    done
    for header in $headers; do
        echo "#include <$header>" | cc -E -o /dev/null - 2>/dev/null || printf ' %s' "$header"
    done
    for library in $libraries; do
        pkg-config --exists "$library" 2>/dev/null || printf ' %s' "$library"
    done
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
    missing=$(absent)
    [ -n "$missing" ] || exit 0
    # shellcheck disable=SC2086 # lists, to be joined by single spaces
    {
        echo "make setup: not a Debian or Ubuntu, and these are missing:$missing"
        echo "  Fedora: dnf install" $dnf
        echo "  Arch:   pacman -S" $pacman
        echo "  Debian's names, for other systems:" $apt
        [ -z "$note" ] || echo "  $note"
    } >&2
    exit 1
fi

missing=
for package in $apt; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif command -v sudo >/dev/null; then
    as_root=sudo
else
    echo "make setup: these packages are missing, and there is neither root nor sudo to install" \
        "them. As root: apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

# A repository out of reach need not matter: what does is whether the install succeeds.
echo "make setup: installing$missing"
$as_root apt-get update -qq || echo "make setup: apt-get update failed; trying what is known" >&2
# Older releases lack some, Criterion for one: the rest is of use without them.
for package in $missing; do
    apt-cache show "$package" >/dev/null 2>&1 || {
        echo "make setup: this release has no package $package; going on without it" >&2
        continue
    }
    available="${available:-} $package"
done
[ -n "${available:-}" ] || exit 1
# shellcheck disable=SC2086 # both are lists
$as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends $available </dev/null
