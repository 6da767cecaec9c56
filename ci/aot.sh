#!/usr/bin/env bash
# Asks .NET's trim and AOT analyzers about what says ForNativeAot: apart from the ordinary build, since the SDK brings them in a package of
# its own patch version, which no lock file can name. Exit: 0 they say nothing, anything else not.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d "${TMPDIR:-/tmp}/holozero-aot.XXXXXX")
trap 'rm -rf "$work"' EXIT
for project in runtime/HoloZero.Media runtime/HoloZero.Extensions.AI; do
    dotnet build "$project" -c Release -nologo -verbosity:quiet -p:IsAotCompatible=true -p:RestorePackagesWithLockFile=false \
        -p:RestoreLockedMode=false -p:ArtifactsPath="$work"
done
echo 'aot: nothing warned'
