#!/usr/bin/env bash
# Builds the two programs that only `make bench` measures against, and tests them and their model files. They stand outside
# pipeline.sln, so that nobody else's build restores their packages. --build-only: no tests. Exit: 0 done, 1 something failed.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
if [ "${1:-}" = --build-only ]; then
    for peer in LLamaSharp GenAI; do
        dotnet build "validation/HoloZero.Peers.$peer" -c Release -v quiet
    done
    exit
fi

# The tests bring the programs with them.
dotnet build validation/HoloZero.Peers.Tests -c Release -v quiet
for project in LLamaSharp GenAI Tests; do
    dotnet format "validation/HoloZero.Peers.$project/HoloZero.Peers.$project.csproj" --verify-no-changes --no-restore
done
dotnet test --project validation/HoloZero.Peers.Tests -c Release --no-build
