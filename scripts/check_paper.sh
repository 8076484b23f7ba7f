#!/usr/bin/env bash
# Checks `make paper`: scripts/check_paper.sh RUN [BUILD]. All figures of the run are in the PDF, all
# fonts in it are embedded outlines, plots and text are set in one family, and names that TeX would
# read as commands stay names. Exit code 77: no LaTeX here, so that nothing was checked.
set -euo pipefail
cd "$(dirname "$0")/.."

run=$1 build=${2:-build}
for tool in pdflatex pdffonts pdfinfo pdftotext gnuplot; do
    command -v "$tool" >/dev/null || {
        echo "check_paper: not run: $tool is not installed (make setup-paper)"
        exit 77
    }
done
fail() {
    echo "check_paper: $*" >&2
    exit 1
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$build/mlabench" report "$run/result.json"
scripts/paper/make.sh "$run" "$build" "$scratch/paper"
pdf=$scratch/paper/paper.pdf

pages=$(pdfinfo "$pdf" | sed -n 's/^Pages: *//p')
[ "$pages" -gt 1 ] || fail "$pdf has $pages pages"

# A line per font after two of headings: name, type (two words, or three), encoding, embedded ...
pdffonts "$pdf" | tail -n +3 >"$scratch/fonts"
[ -s "$scratch/fonts" ] || fail 'no fonts'
! grep 'Type 3' "$scratch/fonts" || fail 'a font is made of pictures'
! awk '$(NF - 4) != "yes"' "$scratch/fonts" | grep . || fail 'a font is not embedded'
if fc-list 'LM Roman 8' | grep -q .; then
    ! grep -v '+LM' "$scratch/fonts" || fail 'a font is not Latin Modern'
fi

tr -d '\n' <"$scratch/paper/paper.log" >"$scratch/log" # which breaks lines at 79 characters
plots=0
for plot in "$run"/plots/*.pdf; do
    name=$(basename "$plot" .pdf)
    for file in "plots/$name.svg" "plots/$name.png" "captions/$name.txt" "captions/$name.tex" \
        "tables/$name.csv" "tables/$name.tex"; do
        [ -s "$run/$file" ] || fail "$run/$file is not there"
    done
    grep -qF "<plots/$name.pdf" "$scratch/log" || fail "the figure $name is not in $pdf"
    plots=$((plots + 1))
done
[ "$plots" -gt 0 ] || fail "no plots in $run"
figures=$(pdftotext "$pdf" - | grep -c '^Figure [0-9]*:')
[ "$figures" -eq $((plots + 3)) ] ||
    fail "$figures captions of $plots figures and those of mutants, judges and the gate"

# The example of 784 pixels, of those that claims were judged on, is named instead of printed.
if [ -f "$run/tables/study-article.csv" ]; then
    pdftotext "$pdf" - | tr '\n' ' ' | grep -q 'has more rows than are worth printing: tables/study-article.csv' ||
        fail 'the table of 784 rows is not named'
    ! grep -q 'plot\(long\)\?table{study-article}' "$run/tex/tables.tex" || fail 'the table of 784 rows is printed'
fi

# A model whose name is TeX, as it stands in JSON.
mkdir "$scratch/hostile"
hostile='\\\\immediate\\\\write18{touch pwned}$\&#%_^~\\\\input{/etc/passwd}'
sed "s|deepseek-v2-lite|$hostile|g" tests/data/result-sample.json >"$scratch/hostile/result.json"
"$build/mlabench" report "$scratch/hostile/result.json" >/dev/null
scripts/paper/make.sh "$scratch/hostile" "$build" >/dev/null
[ ! -e "$scratch/hostile/paper/pwned" ] || fail 'a name was run'
! pdftotext "$scratch/hostile/paper/paper.pdf" - | grep -q 'root:' || fail 'a name was read'
echo "check_paper: $pages pages with $plots plots of $run, all fonts embedded; names stay names"
