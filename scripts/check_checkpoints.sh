#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A folder in Hugging Face's layout for each family of models, with random weights in each of the
# types that are downloaded, must verify: the layer, and every kernel on what it makes of its
# hidden states.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
program=${1:-build/mlabench}

check() { # MODEL LAYER OPTIONS...
    local model=$1 layer=$2
    shift 2
    scripts/random_checkpoint.py "configs/models/$model.json" "$folder/$model" --layers "${layer%.*}" \
        "$@" --set hidden_size=256 num_attention_heads=4 num_key_value_heads=4
    printf '%-18s layer %-4s %s\n' "$model" "$layer" "$*"
    "$program" verify -q --checkpoint "$folder/$model" --layer "$layer" --cached 21 --new 3 |
        tail -1
}

check deepseek-v2-lite 0 --dtype BF16
check deepseek-v2 59 --dtype BF16 --shards 4
check deepseek-v3 3 --dtype F8_E4M3 --shards 3
check kimi-k2 7 --dtype F8_E4M3
check moonlight 26 --dtype BF16 --shards 2
check longcat-flash 5.1 --dtype BF16
check glm-4.7-flash 46 --dtype F16
check glm-5 2 --dtype BF16 --prefix language_model.
check minicpm3 61 --dtype F32
