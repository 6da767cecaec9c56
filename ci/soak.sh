#!/usr/bin/env bash
# Loads, uses, cancels and disposes models at random for MINUTES, hosts that start, answer and stop among them; then sends REQUESTS to
# generators, a third of them cancelled; then calls the service from many places and ends it. Memory, threads and handles must be back to
# base.
# Exit: 0 they are, 1 they are not or something failed.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
configuration=$(tr '[:upper:]' '[:lower:]' <<<"${1:-release}")
cd "$root"
bin/holozero-export --checkpoint validation/golden/tiny.pt --output out/soak/tiny --variant fp32 --variant portable --variant int8 \
    --accept-any-quality >/dev/null
load=artifacts/bin/HoloZero.Load/$configuration/holozero-load
"$load" --model out/soak/tiny --minutes "${MINUTES:-2}" --threads "${THREADS:-4}"
"$load" --model out/soak/tiny --requests "${REQUESTS:-10000}" --threads 16
exec "$load" serve --server bin/holozero-server --model out/soak/tiny
