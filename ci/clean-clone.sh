#!/usr/bin/env bash
# Proves the README's two commands on what is committed: a fresh clone in an empty folder, with no cache of packages of its own.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/holozero-clean-clone.XXXXXX")
trap 'rm -rf "$work"' EXIT

if [ -n "$(git -C "$root" status --porcelain)" ]; then
    echo "clean-clone: the working tree has uncommitted changes; they are not part of what is tested" >&2
fi
git clone --quiet "$root" "$work/clone"
# Packages put together locally must come from this clone's own set-up, never from an earlier one's cache.
export NUGET_PACKAGES="$work/packages"
cd "$work/clone"
for target in demo test; do
    echo "clean-clone: make $target"
    make "$target"
done
if [ -n "$(git status --porcelain)" ]; then
    echo "clean-clone: the build leaves files that git does not ignore:" >&2
    git status --porcelain >&2
    exit 1
fi
echo "clean-clone: make demo and make test pass in a fresh clone"
