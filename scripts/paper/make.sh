#!/usr/bin/env bash
# Compiles a run's plots, captions and tables into paper.pdf: scripts/paper/make.sh RUN BUILD [OUT].
# RUN is a report's folder, BUILD that of `make mutants` and `make gate-study`; OUT (RUN/paper) can
# be sent away as it is. `make paper` runs it. Exit codes: 0 done, 1 LaTeX complained, 2 wrong usage
# or no report there, 77 no pdflatex.
set -euo pipefail

[ $# -ge 2 ] || { echo "usage: $0 RUN BUILD [OUT]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
run=$1 build=$2 out=${3:-$1/paper}
[ -s "$run/tex/figures.tex" ] || {
    echo "make paper: $run has no report of this version: mlabench report $run/result.json" >&2
    exit 2
}
command -v pdflatex >/dev/null || {
    echo 'make paper: pdflatex is not installed: make setup-paper installs it (Debian, Ubuntu:' \
        'texlive-latex-recommended texlive-fonts-recommended lmodern)' >&2
    exit 77
}

mkdir -p "$out/plots"
rm -rf "$out"/{tex,tables} "$out"/paper.*
cp "$here/paper.tex" "$out"
cp -r "$run/tex" "$run/tables" "$out"
rm -f "$out"/plots/* "$out"/tables/*.csv
! compgen -G "$run/plots/*.pdf" >/dev/null || cp "$run"/plots/*.pdf "$out/plots"

lines() { # FILE: how many it has; 0 if there is none
    [ ! -f "$1" ] || wc -l <"$1"
}

# What make mutants, make judges and make gate-study left, where it holds as much as what is kept in
# results/studies of a whole run; else the latter, drawn anew.
study() { # NAME FOLDER
    local name=$1 from=$2 kept=$root/results/studies source words
    if [ "$(lines "$from/data/$name.tsv")" -ge "$(lines "$kept/data/$name.tsv")" ] 2>/dev/null &&
        [ -s "$from/$name.tex" ]; then
        source="the run that ended on $(date -r "$from/data/$name.tsv" '+%-d %B %Y')"
    else
        from=$kept
        source=$(sed -n "s/^$name: //p" "$kept/sources.txt")
    fi
    printf '\\newcommand{\\source%s}{%s}\n' "$name" "$source" >>"$out/tex/sources.tex"
    mapfile -t words <"$from/data/$name.words"
    mkdir -p "$out/data"
    cp "$from/data/$name.tsv" "$out/data"
    (cd "$out" && gnuplot -d -c "$root/scripts/plots/draw.gp" "$root/scripts/plots" "$name" \
        "$name" "${words[@]}")
    rm "$out/plots/$name".{svg,png}
    cp "$from/$name.tex" "$out/tables/$name.tex"
}

if command -v gnuplot >/dev/null; then
    export LC_ALL=C.UTF-8
    study mutants "$build/mutants"
    study judges "$build/mutants"
    study gate "$build/gate-study"
    rm -r "$out/data"
    cp "$here/studies.tex" "$here/study-tables.tex" "$out/tex"
else
    echo 'Not drawn: gnuplot is not installed.' >"$out/tex/studies.tex"
    : >"$out/tex/study-tables.tex"
fi

# Verdicts on claims, where the run has them.
: >"$out/tex/claims.tex"
if [ -s "$run/tables/claims.tex" ]; then
    cp "$here/claims.tex" "$out/tex/claims.tex"
fi

cd "$out"
for _ in 1 2 3; do
    pdflatex -interaction=nonstopmode -halt-on-error paper.tex >/dev/null || {
        grep -A 4 '^!' paper.log >&2 || tail -n 20 paper.log >&2
        echo "make paper: LaTeX failed: $out/paper.log" >&2
        exit 1
    }
    grep -q 'Rerun to get' paper.log || break
done

# Lines of the log that a reader of the PDF would see: text beyond the margin by more than 2 points,
# references to nothing, pages that could not be filled.
complaints=$(awk '/^Overfull .[hv]box/ { split($0, part, /[()]/); if (part[2] + 0 > 2) print }
    /^LaTeX Warning: (Reference|Citation|There were undefined|Label)/ { print }
    /^LaTeX Warning: Float too large/ { print }' paper.log)
if [ -n "$complaints" ]; then
    printf 'make paper: %s/paper.log complains:\n%s\n' "$out" "$complaints" >&2
    exit 1
fi
rm -f paper.aux paper.out
echo "paper: $out/paper.pdf"
