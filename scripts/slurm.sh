#!/usr/bin/env bash
# Runs a suite on a cluster with Slurm: a job array of which each task runs one shard on a whole node
# of its own, and a job that joins what they found when all have ended.
#
#   scripts/slurm.sh SUITE SHARDS DIR [SBATCH_OPTION...]
#
# e.g. scripts/slurm.sh paper 8 results/cluster --partition=cpu --time=2:00:00 --constraint=genoa.
# DIR is on a file system that all nodes share; there shard i leaves shard-i/result.json and
# shard-i.log, and the last job result.json and the report. Nodes must be of one kind, or the shards
# are not joined. A shard that failed is named as missing; to run it again, say shard 3, and join all
# anew: the same command with --array=3 at its end. MLABENCH is the program, build/mlabench by
# default; RUN_OPTIONS are further options of mlabench run. Prints the two jobs' numbers.
set -euo pipefail

# In a task of the array.
run_shard() { # PROGRAM SUITE SHARDS DIR [OPTION...]
    local program=$1 suite=$2 shards=$3 dir=$4 i=$SLURM_ARRAY_TASK_ID
    shift 4
    rm -f "$dir/shard-$i/result.json"
    exec "$program" run -q --no-report --suite "$suite" --shard "$i/$shards" \
        --out "$dir/shard-$i" "$@"
}

# When all tasks have ended, however they did.
join_shards() { # PROGRAM SHARDS DIR
    local files=() i
    for ((i = 1; i <= $2; i++)); do
        [ ! -f "$3/shard-$i/result.json" ] || files+=("$3/shard-$i/result.json")
    done
    if [ "${#files[@]}" -eq 0 ]; then
        echo "slurm.sh: no shard has left a result in $3: see shard-*.log there" >&2
        exit 1
    fi
    exec "$1" report "${files[@]}" --out "$3"
}

usage() {
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
    exit 2
}

# Slurm runs a copy of this file, which starts again here.
case ${1:-} in
--run-shard) run_shard "${@:2}" ;;
--join-shards) join_shards "${@:2}" ;;
esac

if [ "$#" -lt 3 ] || ! [[ $2 =~ ^[1-9][0-9]*$ ]]; then
    usage
fi
command -v sbatch >/dev/null || {
    echo "slurm.sh: there is no sbatch here: this is for clusters with Slurm" >&2
    exit 2
}
checkout=$(cd "$(dirname "$0")/.." && pwd)
program=${MLABENCH:-$checkout/build/mlabench}
[ -x "$program" ] || {
    echo "slurm.sh: there is no program $program: make first, or set MLABENCH" >&2
    exit 2
}
suite=$1 shards=$2
[ ! -f "$suite" ] || suite=$(realpath "$suite")
mkdir -p "$3"
dir=$(realpath "$3")
read -ra run_options <<<"${RUN_OPTIONS:-}"

# A node's memory and CPUs are all for its shard.
array=$(sbatch --parsable --job-name="mlabench-$(basename "$suite" .json)" --array="1-$shards" \
    --nodes=1 --exclusive --mem=0 --output="$dir/shard-%a.log" "${@:4}" \
    "$0" --run-shard "$program" "$suite" "$shards" "$dir" "${run_options[@]}")
join=$(sbatch --parsable --job-name=mlabench-join --dependency="afterany:${array%%;*}" \
    --nodes=1 --output="$dir/join.log" "${@:4}" --array=0 \
    "$0" --join-shards "$program" "$shards" "$dir")
echo "array ${array%%;*}, join ${join%%;*}"
