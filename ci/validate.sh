#!/usr/bin/env bash
# Exports a checkpoint for each golden suite, a twin in another format and one that has no goldens, and holds each artifact against
# what is expected of it. All are validated, also after a failure; reports stay in out/validate.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
golden="$root/validation/golden"
out="$root/out/validate"
status=0

# validate NAME CHECKPOINT ["--quick"] [exporter's options]
validate() {
    local name=$1 checkpoint=$2 quick=()
    shift 2
    if [ "${1:-}" = --quick ]; then quick=(--quick); shift; fi
    "$root/bin/holozero-export" --checkpoint "$checkpoint" --output "$out/$name" "$@" >/dev/null
    "$root/bin/holozero-validate" --model "$out/$name" --golden "$golden" --report "$out/report-$name" "${quick[@]}" || status=$?
    echo
}

# The front doors of all these differ in nothing but K and d: all triples of bytes go through tiny's.
validate tiny "$golden/tiny.pt" --variant all --accept-any-quality
validate tiny-bidirectional "$golden/tiny.pt" --quick --prefix-attention bidirectional --variant all --accept-any-quality
validate tiny-safetensors "$golden/tiny.safetensors" --quick
validate tiny-fp16 "$golden/tiny-fp16.pt" --quick
validate demo "$root/models/demo/demo.pt" --quick --variant fp32 --variant portable --variant int8 --variant int4 \
    --held-out "$golden/demo-heldout.txt"
exit $status
