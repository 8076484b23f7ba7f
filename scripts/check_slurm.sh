#!/usr/bin/env bash
# Checks scripts/slurm.sh against a real Slurm: scripts/check_slurm.sh [PROGRAM]. A cluster of this
# one machine lives in a temporary folder for as long as that takes: nothing is installed and no
# service of the system is touched. It runs a tiny suite in 3 shards, then shard 2 alone again after
# its result is gone, and looks whether each case is there exactly once.
#
# Slurm and munge are those installed, or else Debian's packages, unpacked in the temporary folder.
# Exits with 77 where neither can be had or the daemons do not start.
set -euo pipefail
cd "$(dirname "$0")/.."

program=$(realpath "${1:-build/mlabench}") user=$(id -un)
work=$(mktemp -d)
# What runs as another user has to get in.
chmod 755 "$work"
daemons=()

start() { # NAME COMMAND...
    "${@:2}" >"$work/log/$1.out.log" 2>&1 &
    daemons+=($!)
}

wait_for() { # SECONDS COMMAND...
    for _ in $(seq "$((10 * $1))"); do
        ! "${@:2}" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    return 1
}

# shellcheck disable=SC2317 # called by wait_for
is_idle() { sinfo -h -o %T | grep -qx idle; }
# shellcheck disable=SC2317 # called by wait_for
all_ended() { [ -z "$(squeue -h)" ]; }

# shellcheck disable=SC2317 # called by trap
clean_up() {
    # Jobs first, as they would outlive the daemons.
    if [ "${#daemons[@]}" -gt 1 ]; then
        scancel --full --user="$user" || :
        wait_for 10 all_ended || :
    fi
    # The latest first: munge last, which the others need.
    for ((i = ${#daemons[@]} - 1; i >= 0; i--)); do
        kill "${daemons[i]}" 2>/dev/null || :
        for _ in $(seq 50); do
            kill -0 "${daemons[i]}" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "${daemons[i]}" 2>/dev/null || :
    done
    wait
    rm -rf "$work"
}
trap clean_up EXIT

not_run() {
    echo "check_slurm: not run: $1"
    exit 77
}

fail() {
    echo "check_slurm: FAILED: $1"
    for log in "$work"/log/*.log "$work"/out/*.log; do
        [ ! -s "$log" ] || { echo "--- $log"; tail -n 20 "$log"; }
    done
    exit 1
}

[ -x "$program" ] || fail "there is no program $program: make first"

# --- Slurm ---

for variable in "${!SLURM_@}" "${!SBATCH_@}"; do # of a cluster that this may run on
    unset "$variable"
done
if command -v slurmctld slurmd sbatch munged >/dev/null; then
    plugins=$(dirname "$(find /usr/lib /usr/lib64 -name auth_munge.so -path '*slurm*' 2>/dev/null | head -n 1)")
elif command -v apt-get dpkg-deb >/dev/null; then
    mkdir "$work/packages"
    mapfile -t packages < <(apt-get install -s --no-install-recommends slurm-wlm munge 2>/dev/null |
        sed -n 's/^Inst \([^ ]*\).*/\1/p')
    (cd "$work/packages" && apt-get download -qq "${packages[@]}") >"$work/download" 2>&1 ||
        not_run "Slurm is not installed, and its packages cannot be had: $(tail -n 1 "$work/download")"
    for package in "$work"/packages/*.deb; do
        dpkg-deb -x "$package" "$work/unpacked"
    done
    plugins=$(dirname "$(find "$work/unpacked" -name auth_munge.so)")
    export PATH=$work/unpacked/usr/sbin:$work/unpacked/usr/bin:$PATH
    export LD_LIBRARY_PATH=${plugins%/*}:$plugins${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
else
    not_run 'Slurm is not installed (Debian: slurm-wlm)'
fi
found() { # NAME: Debian's alternatives are links that unpacking alone does not make
    command -v "$1" || command -v "$1-wlm"
}
stepd=$(found slurmstepd) || not_run 'there is no slurmstepd'

# --- a cluster of one machine ---

host=$(uname -n) port=$((20000 + $$ % 20000)) cpus=$(nproc)
host=${host%%.*}
mkdir "$work/state" "$work/spool" "$work/log" "$work/out"
export SLURM_CONF=$work/slurm.conf
cat >"$SLURM_CONF" <<CONF
ClusterName=check
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
PluginDir=$plugins
SlurmUser=$user
SlurmdUser=$user
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/log/slurmctld.log
SlurmdLogFile=$work/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF

dd if=/dev/urandom of="$work/munge.key" bs=128 count=1 2>/dev/null
chmod 600 "$work/munge.key"
start munged munged --foreground --force --key-file="$work/munge.key" --num-threads=2 \
    --socket="$work/munge.socket" --pid-file="$work/munged.pid" \
    --log-file="$work/log/munged.log" --seed-file="$work/munge.seed"
wait_for 10 munge -S "$work/munge.socket" -n ||
    not_run "munged does not start: $(tail -qn 1 "$work"/log/munged*.log | tail -n 1)"
start slurmctld "$(found slurmctld)" -D
wait_for 20 scontrol ping ||
    not_run "slurmctld does not start: $(tail -n 1 "$work/log/slurmctld.log")"
start slurmd "$(found slurmd)" -D -N "$host" -d "$stepd"
wait_for 30 is_idle ||
    not_run "slurmd does not start: $(tail -n 1 "$work/log/slurmd.log")"

# --- the array, and the job that joins ---

cat >"$work/tiny.json" <<SUITE
{"summary": "five cases", "time_limit_s": 60, "kernel_time_limit_s": 5, "repetition_ms": 0.1,
 "cases": [{"models": ["tiny"], "cached": [5, 9, 40], "kernels": ["absorbed", "naive"]},
           {"models": ["tiny"], "cached": [17], "new": [1, 3], "kernels": ["naive"]}]}
SUITE

submit() { # SBATCH_OPTION...
    local said array join
    said=$(MLABENCH=$program scripts/slurm.sh "$work/tiny.json" 3 "$work/out" --time=5 "$@") ||
        fail 'slurm.sh does not submit'
    echo "check_slurm: $said"
    read -r _ array _ join <<<"${said//,/}"
    # On one node it would come last anyway.
    squeue -h -j "$join" -o %E | grep -q "afterany:$array" ||
        fail "job $join does not wait for all of $array"
    wait_for 180 all_ended || { squeue; fail 'the jobs do not end'; }
}

check() { # SHARDS
    python3 - "$work/out/result.json" "$1" <<'PYTHON' || fail "$1 shards are not joined as they should be"
import collections, json, sys
result = json.load(open(sys.argv[1]))
own = result["context"]["mlabench"]
shards = [shard["index"] for shard in own["shards"]]
wanted = {f"tiny/{phase}/cached:{cached}/new:{new}/batch:1/threads:1/fp32/{kernel}"
          for phase, cached, new, kernels in [("decode", 5, 1, "an"), ("decode", 9, 1, "an"), ("decode", 40, 1, "an"),
                                              ("decode", 17, 1, "n"), ("mtp", 17, 3, "n")]
          for kernel in ({"a": "absorbed", "n": "naive"}[k] for k in kernels)}
found = collections.Counter(entry["name"] for entry in result["benchmarks"])
missing = own["missing_shards"]
assert len(shards) == int(sys.argv[2]) and sorted(shards + missing) == [1, 2, 3], (shards, missing)
assert own["complete"] == (not missing) and not own["failed"]
assert set(found.values()) == {10}, found
skipped = {entry["name"] for entry in own["skipped"]}
assert set(found) | {n for n in wanted if n.rsplit("/", 1)[0] in skipped} == wanted, found
assert not missing or skipped
times = sorted((shard["started"], shard["finished"]) for shard in own["shards"])
assert all(before[1] <= after[0] for before, after in zip(times, times[1:])), f"not one at a time: {times}"
print(f"check_slurm: {len(found)} of {len(wanted)} kernels and cases, each once, from shards {shards}")
PYTHON
}

submit
check 3
[ -s "$work/out/report.md" ] || fail 'there is no report'
# A shard that fails is named as missing, and may be run again.
rm -r "$work/out/shard-2" "$work/out/result.json"
submit --array=1,3
check 2
grep -q 'shard 2/3 is missing' "$work/out/join.log" || fail 'the missing shard is not named'
submit --array=2
check 3
echo "check_slurm: passed, $(scontrol --version)"
