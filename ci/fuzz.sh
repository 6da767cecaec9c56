#!/usr/bin/env bash
# Attacks the readers for MINUTES, guided by coverage: SharpFuzz instruments copies of the assemblies, and the program finds its own way
# from the corpus. Findings and the input that was being read are left in out/fuzz. Exit: 0 nothing found, 1 something was.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
configuration=$(tr '[:upper:]' '[:lower:]' <<<"${1:-release}")
cd "$root"
dotnet tool restore >/dev/null
rm -rf out/fuzz/program
mkdir -p out/fuzz
# Copies, as the build links equal files to one another.
cp -r "artifacts/bin/HoloZero.Fuzz/$configuration" out/fuzz/program
for assembly in HoloZero.Artifacts HoloZero.Models; do
    dotnet sharpfuzz "out/fuzz/program/$assembly.dll"
done
exec out/fuzz/program/holozero-fuzz --validation validation --output out/fuzz --minutes "${MINUTES:-10}" --seed "${SEED:-$RANDOM}" "${@:2}"
