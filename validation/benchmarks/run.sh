#!/usr/bin/env bash
# Measures every variant at full size, by turns with its peers unless PEERS=0, and writes tables: see README.md beside this file.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/out/bench
model=$out/published

options=()
if [ "${PEERS:-1}" != 0 ]; then
    if ! "$root/ci/peers.sh" --build-only >&2; then
        echo "bench: the peers are not there (see above); leave them out with PEERS=0" >&2
        exit 3
    fi
    "$root/bin/holozero-benchmarks" peer-models "$out/peers"
    programs=$root/artifacts/bin
    options+=(--peer-models "$out/peers" --llamasharp "$programs/HoloZero.Peers.LLamaSharp/release/holozero-peer-llamasharp"
        --genai "$programs/HoloZero.Peers.GenAI/release/holozero-peer-genai")
fi

if [ ! -f "$model/holozero.json" ] || [ "$root/bin/holozero-export" -nt "$model/holozero.json" ]; then
    "$root/bin/holozero-export" --random published --seed 1 --variant fp32 --variant int8 --variant int4 --variant portable \
        --accept-any-quality --output "$model" >&2
fi

[ -z "${ROUNDS:-}" ] || options+=(--rounds "$ROUNDS")
[ -z "${THREADS:-}" ] || options+=(--threads "$THREADS")
[ -z "${BYTES:-}" ] || options+=(--bytes "$BYTES")
[ -z "${LAUNCH:-}" ] || options+=(--launch "$LAUNCH")
commit=$(git -C "$root" describe --always --dirty 2>/dev/null || echo unknown)
exec "$root/bin/holozero-benchmarks" --program "$root/bin/holozero" --model "$model" --results "${RESULTS:-$here/results}" \
    --commit "$commit" "${options[@]}"
