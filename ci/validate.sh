#!/usr/bin/env bash
# Exports every checkpoint that there are goldens or a known twin for, and holds each artifact against them. All are validated
# before the first failure ends it; reports stay in out/validate.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
golden="$root/validation/golden"
out="$root/out/validate"
status=0

validate() {
    local name=$1 checkpoint=$2
    shift 2
    "$root/bin/holozero-export" --checkpoint "$checkpoint" --output "$out/$name" "$@" >/dev/null
    "$root/bin/holozero-validate" --model "$out/$name" --golden "$golden" --report "$out/report-$name" || status=$?
    echo
}

validate tiny "$golden/tiny.pt"
validate tiny-bidirectional "$golden/tiny.pt" --prefix-attention bidirectional
validate tiny-safetensors "$golden/tiny.safetensors"
validate tiny-fp16 "$golden/tiny-fp16.pt"
validate demo "$root/models/demo/demo.pt"
exit $status
