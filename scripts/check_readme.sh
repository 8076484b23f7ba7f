#!/usr/bin/env bash
# Runs the README's commands, in order, in a copy of the checkout: every ```sh block, except those
# that follow a line <!-- not run: REASON -->, which are named with it, and those that follow
# <!-- run by .ci/run -->, whose commands have to stand there as they are. And of a ```yaml block, which
# is a workflow for GitHub Actions, the steps that run commands, as if it were asked to merge into
# what is committed. Where stored runs are compared, 3 (something became slower) is as good an answer
# as 0: they were not interleaved, and the machine may have been busier. A verification, quick run or
# roofline that .ci/run makes as well, perhaps with further options, is named and not made twice. Before
# all that, every picture has to be in results/pictures/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."

readme=${1:-README.md}
scripts/readme_figures.py --check
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One file per block, NN.sh, or NN.skip with the reason.
awk -v work="$work" '
    /^<!-- not run: .* -->$/ { reason = $0; gsub(/^<!-- not run: | -->$/, "", reason); next }
    /^<!-- run by .ci\/run -->$/ { ci = 1; next }
    /^```yaml$/ { n++
        file = sprintf("%s/%02d.yaml", work, n)
        open = 1; reason = ""; next }
    /^```sh$/ { n++
        file = sprintf("%s/%02d.%s", work, n, ci ? "ci" : reason == "" ? "sh" : "skip")
        if (reason != "") print reason > file
        open = 1; next }
    /^```$/ && open { close(file); open = ci = 0; reason = ""; next }
    open && reason == "" { print > file }
    open && reason != "" { print "    " $0 > file }
    !open && NF { reason = ""; ci = 0 }
' "$readme"

shopt -s nullglob
for workflow in "$work"/??.yaml; do
    python3 - "$workflow" > "${workflow%.yaml}.sh" <<'END'
import sys
import yaml
jobs = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))["jobs"]
for step in (step for job in jobs.values() for step in job["steps"] if "run" in step):
    print(step["run"].replace("${{ github.base_ref }}", "base"))
END
done
blocks=("$work"/??.sh "$work"/??.skip "$work"/??.ci)
[ "${#blocks[@]}" -gt 0 ] || {
    echo "check_readme: $readme has no command block"
    exit 1
}

[ -e .git ] || {
    echo 'check_readme: not run: needs a git checkout, as README compares with revisions; this tree is not one'
    exit 77
}
# What a clone would hold, with the changes that are not committed yet.
git clone -q . "$work/mlabench" 2>/dev/null
git -C "$work/mlabench" update-ref refs/remotes/origin/base HEAD
git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
    [ ! -f "$file" ] || printf '%s\0' "$file"
done | tar --null -T - -cf - | tar -C "$work/mlabench" -xf -
git ls-files -dz | (cd "$work/mlabench" && xargs -0 -r rm -f)

# The command of a line, without its comment, if .ci/run runs that.
in_ci_too() { # LINE
    local command=${1%% #*}
    command=${command%"${command##*[![:space:]]}"}
    [ -n "$command" ] && grep -qE -- "^[^#]*(^| )$(sed 's/[][\.*^$+?(){}|/]/\\&/g' <<<"$command")( |;|'|\"|$)" .ci/run
}

run=0 skipped=0 in_ci=0
for block in $(printf '%s\n' "${blocks[@]}" | sort); do
    if [ "${block##*.}" = skip ]; then
        echo "check_readme: not run: $(cat "$block")"
        skipped=$((skipped + 1))
        continue
    fi
    if [ "${block##*.}" = ci ]; then
        while IFS= read -r line; do
            in_ci_too "$line" || {
                echo "check_readme: FAILED: .ci/run does not run '$line'"
                exit 1
            }
        done < "$block"
        echo "check_readme: run by .ci/run:"
        sed 's/^/    /' "$block"
        in_ci=$((in_ci + 1))
        continue
    fi
    while IFS= read -r line; do
        if [[ $line =~ ^build/mlabench\ (verify|run|roofline) ]] && in_ci_too "$line"; then
            echo "check_readme: run by .ci/run: $line"
        else
            [[ ! $line =~ ^build/mlabench\ compare ]] || line="${line%% #*} || [ \$? -eq 3 ]"
            printf '%s\n' "$line"
        fi
    done < "$block" > "$block.rest"
    grep '^check_readme: ' "$block.rest" || :
    sed -i '/^check_readme: /d' "$block.rest"
    echo "check_readme: running:"
    sed 's/^/    /' "$block.rest"
    start=$SECONDS
    (cd "$work/mlabench" && bash -euo pipefail "$block.rest" </dev/null) || {
        echo "check_readme: FAILED: the block above"
        exit 1
    }
    echo "check_readme: done in $((SECONDS - start)) s"
    run=$((run + 1))
done
echo "check_readme: $run command blocks run, $in_ci run by .ci/run, $skipped not run"
