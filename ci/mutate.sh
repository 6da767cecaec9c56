#!/usr/bin/env bash
# Mutation testing by Stryker: changes the code in one place at a time and runs the tests that reach it. Takes an hour or more. What it
# mutates and what it leaves alone: ci/mutation; reports go to out/mutation, figures are kept in docs/mutation.md.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
dotnet tool restore >/dev/null
# Stryker puts mutated assemblies where the tests run, so it works on a copy of what git knows.
work=$(mktemp -d "${TMPDIR:-/tmp}/holozero-mutation.XXXXXX")
trap 'rm -rf "$work"' EXIT
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    if [ -e "$file" ]; then printf '%s\0' "$file"; fi
done | tar --null -T - -c | tar -x -C "$work"
for name in ${PROJECTS:-artifacts runtime}; do
    case $name in
        artifacts) folder=models/HoloZero.Artifacts ;;
        runtime) folder=runtime/HoloZero.Runtime ;;
        *) echo "mutate: $name is unknown, choose from artifacts and runtime" >&2; exit 2 ;;
    esac
    (cd "$work/$folder" && dotnet stryker --config-file "$work/ci/mutation/$name.json" --output "$root/out/mutation/$name")
done
