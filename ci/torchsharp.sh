#!/usr/bin/env bash
# Runs what computes with TorchSharp, as built: the suites TorchSharp, Training and Conformance, an export, a probe, 20 steps of training.
# Where libstdc++ is too old for TorchSharp, they run in a Debian 13 root, which is made once (ci/debian-root.sh) and kept in a cache.
# Says which it did. Exit: 0 passed, or this machine can have no such root (no root, no debootstrap) and it says so; 1 something failed,
# debootstrap where there is one included: a machine that could run this and does not must not look as if it had.
set -euo pipefail
configuration=${CONFIGURATION:-Release}
configuration=${configuration,,}
clone=$(cd "$(dirname "$0")/.." && pwd)
cd "$clone"
say() { printf 'torchsharp: %s\n' "$*"; }
not_run() { say "NOT RUN: $*"; exit 0; }

programs=artifacts/bin/HoloZero.Exporter.Cli/$configuration
export=$programs/holozero-export
if [ "${1:-}" = --here ]; then
    # shellcheck source=ci/torchsharp-checks.sh
    . ci/torchsharp-checks.sh
    exit
fi

[ -x "$export" ] || { say "$export is not built: run make build" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
code=0
"$export" --checkpoint validation/golden/tiny.pt --output "$work/tiny" --engine torchsharp >"$work/out" 2>&1 || code=$?
case $code in
    0)
        say "it loads on this machine: running here"
        ci/torchsharp.sh --here
        ;;
    3)
        sed 's/^holozero-export: /torchsharp: /' "$work/out"
        code=0
        root=$(ci/debian-root.sh path 2>"$work/why") || code=$?
        why=$(tail -n1 "$work/why")
        [ "$code" -ne 3 ] || not_run "no Debian 13 root: $why"
        [ "$code" -eq 0 ] || { say "FAILED: no Debian 13 root: ${why:-debian-root.sh ended with exit code $code}" >&2; exit 1; }
        say "running in the Debian 13 root $root"
        ci/debian-root.sh run ci/torchsharp.sh --here
        ;;
    *)
        cat "$work/out" >&2
        exit 1
        ;;
esac
