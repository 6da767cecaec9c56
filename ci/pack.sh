#!/usr/bin/env bash
# Writes the packages of what was built (make build) to a folder: pack.sh [CONFIGURATION [FOLDER]]. Packages that lay there go.
# Exit: 0 written, anything else not.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
configuration=${1:-Release}
output=$(mkdir -p "${2:-$root/out/packages}" && cd "${2:-$root/out/packages}" && pwd)
rm -f "$output"/HoloZero.*.nupkg "$output"/HoloZero.*.snupkg
dotnet msbuild "$root/ci/pack.proj" -nologo -verbosity:quiet -p:Configuration="$configuration" -p:PackageOutputPath="$output"
(cd "$output" && ls -l -- *.nupkg | awk '{ printf "%10d  %s\n", $5, $NF }')
