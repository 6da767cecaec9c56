#!/usr/bin/env bash
# Measures every variant at full size, by turns with llama.cpp unless PEERS=0, and writes a table: see README.md beside this file.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/out/bench
model=$out/published

need() {
    if ! command -v "$1" >/dev/null; then
        echo "bench: $1 is missing, which llama.cpp is run with; install it, or leave the peers out with PEERS=0" >&2
        exit 3
    fi
}

options=()
if [ "${PEERS:-1}" != 0 ]; then
    need node
    need npm
    if ! cmp -s "$here/package-lock.json" "$here/node_modules/.lock"; then
        echo "bench: installing node-llama-cpp" >&2
        export NODE_LLAMA_CPP_SKIP_DOWNLOAD=true
        # Not npm ci: it refuses a lock without the packages of platforms that a registry does not have.
        if ! (cd "$here" && npm install --no-save --ignore-scripts --no-audit --no-fund --silent >&2); then
            echo "bench: npm does not install node-llama-cpp; check its registry, or leave the peers out with PEERS=0" >&2
            exit 3
        fi
        cp "$here/package-lock.json" "$here/node_modules/.lock"
    fi
    mkdir -p "$out/peers"
    for kind in f32 q8 q4; do
        file=$out/peers/$kind.gguf
        [ "$file" -nt "$here/make-gguf.mjs" ] || node "$here/make-gguf.mjs" "$kind" "$file"
    done
    options+=(--peers "$out/peers" --harness "$here/llama.mjs")
fi

if [ ! -f "$model/holozero.json" ] || [ "$root/bin/holozero-export" -nt "$model/holozero.json" ]; then
    "$root/bin/holozero-export" --random published --seed 1 --variant fp32 --variant int8 --variant int4 --variant portable \
        --accept-any-quality --output "$model" >&2
fi

[ -z "${ROUNDS:-}" ] || options+=(--rounds "$ROUNDS")
[ -z "${THREADS:-}" ] || options+=(--threads "$THREADS")
[ -z "${LAUNCH:-}" ] || options+=(--launch "$LAUNCH")
commit=$(git -C "$root" describe --always --dirty 2>/dev/null || echo unknown)
exec "$root/bin/holozero-benchmarks" --program "$root/bin/holozero" --model "$model" --results "${RESULTS:-$here/results}" \
    --commit "$commit" "${options[@]}"
