#!/usr/bin/env bash
# Puts the programs of a build under bin/, from where they run in any folder.
set -euo pipefail
configuration=$(tr '[:upper:]' '[:lower:]' <<<"$1")
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$root/bin"
link() { ln -sfn "../artifacts/bin/$1/$configuration/$2" "$root/bin/$2"; }
link HoloZero.Exporter.Cli holozero-export
link HoloZero.Cli holozero
link HoloZero.Server holozero-server
link HoloZero.Validation.Cli holozero-validate
link HoloZero.Benchmarks holozero-benchmarks
