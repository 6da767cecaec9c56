#!/usr/bin/env bash
# Restores every package, with one line where this machine lacks something. On a build machine (CI=true) that may, it also installs the
# Chromium in which the page is tested. Exit: 0 ready, 3 the machine lacks something.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
die() { printf 'setup: %s\n' "$*" >&2; exit 3; }

sdk=$(sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' global.json)
command -v dotnet >/dev/null || die "dotnet is not on PATH: install the .NET ${sdk%%.*} SDK."
dotnet --version >/dev/null 2>&1 \
    || die "no .NET SDK that global.json accepts ($sdk or a later feature band) is installed: install the .NET ${sdk%%.*} SDK."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! dotnet restore pipeline.sln -v quiet >"$log" 2>&1; then
    cause=$(grep -m1 -oE 'error (NU|MSB|NETSDK)[0-9]+: .*' "$log" | sed 's/ \[[^]]*\]$//' | cut -c1-300) || cause=$(tail -n1 "$log")
    die "the packages cannot be restored: ${cause#error } See \`dotnet nuget list source\` for where NuGet looks."
fi

# Without it those tests say so and are skipped: what else fails here must not be hidden by a mirror that is down.
if [ "${CI:-}" = true ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null && ! command -v chromium >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >"$log" 2>&1; then
        printf 'setup: Chromium cannot be installed, so the page is not tested in one: %s\n' "$(tail -n1 "$log" | cut -c1-300)"
    fi
fi
