#!/usr/bin/env bash
# Exports a checkpoint for each golden suite, a twin in another format and one that has no goldens, and holds each artifact against
# what is expected of it. All are validated, also after a failure; reports stay in out/validate.
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
