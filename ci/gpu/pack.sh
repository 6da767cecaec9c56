#!/usr/bin/env bash
# Packs what a machine with a card needs to check and measure models, in pieces that are small enough to be carried one by one:
#   ci/gpu/pack.sh [--programs FOLDER] [--checkpoint FILE]... OUTPUT MODEL...
# Programs are those of make build, with CUDA's and TensorRT's providers and .NET itself, unless FOLDER has others. A MODEL is a folder
# that holozero-export wrote, a FILE the checkpoint of one: PyTorch runs it for comparison. OUTPUT gets bundle.000, bundle.001, ... of at
# most PIECE_BYTES (64 MiB), SHA256SUMS and run.sh, which takes it from there. Exit: 0 packed, 2 wrong usage, anything else not.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
piece=${PIECE_BYTES:-67108864}
programs=
checkpoints=()
while [ $# -gt 1 ]; do
    case $1 in
        --programs) programs=$(cd "$2" && pwd); shift 2 ;;
        --checkpoint) checkpoints+=("$2"); shift 2 ;;
        *) break ;;
    esac
done
if [ $# -lt 2 ]; then
    sed -n '2,4s/^# //p' "$0" >&2
    exit 2
fi
mkdir -p "$1"
output=$(cd "$1" && pwd)
shift
work=$(mktemp -d "${TMPDIR:-/tmp}/holozero-pack.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/bundle" "$work/bundle/models" "$work/bundle/checkpoints"

if [ -n "$programs" ]; then
    cp -a "$programs" "$work/bundle/programs"
else
    # What make build built, with the .NET that it runs on: a bundle asks nothing of the machine but the card's driver and libraries.
    mkdir -p "$work/bundle/programs" "$work/bundle/dotnet/shared"
    for project in HoloZero.Cli HoloZero.Validation.Cli; do
        cp -a "$root/artifacts/bin/$project/release/." "$work/bundle/programs/"
    done
    dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
    cp -a "$dotnet/host" "$work/bundle/dotnet/"
    for framework in Microsoft.NETCore.App Microsoft.AspNetCore.App; do
        mkdir "$work/bundle/dotnet/shared/$framework"
        cp -a "$(find "$dotnet/shared/$framework" -maxdepth 1 -name '10.*' | sort -V | tail -1)" "$work/bundle/dotnet/shared/$framework/"
    done
    # Other systems' libraries, PyTorch's (an engine that validation does without), documentation, and symbols that nobody reads.
    find "$work/bundle/programs" \( -path '*/runtimes/win*' -o -path '*/runtimes/osx*' -o -name '*.pdb' -o -name '*.lib' -o -name '*.xml' \
        -o -name 'libtorch*' -o -name 'libLibTorchSharp*' -o -name 'libc10*' -o -name 'libgomp*' -o -name 'libOpenCvSharp*' \) \
        ! -type d -delete
    find "$work/bundle/programs" -name '*.so' -exec strip --strip-unneeded {} + 2>/dev/null || true
fi

for model in "$@"; do cp -a "$model" "$work/bundle/models/"; done
for checkpoint in "${checkpoints[@]}"; do cp "$checkpoint" "$work/bundle/checkpoints/"; done
cp "$root/ci/gpu/pytorch.py" "$root/ci/gpu/asymdec.py" "$work/bundle/"
mkdir "$work/bundle/golden"
cp "$root"/validation/golden/*.json "$root"/validation/golden/*.golden.safetensors "$root"/validation/golden/demo-heldout.txt \
    "$work/bundle/golden/"

rm -f "$output"/bundle.[0-9][0-9][0-9] "$output/SHA256SUMS"
# gzip is everywhere and quick; kernels hardly get smaller by xz, which takes a quarter of an hour for them.
tar -C "$work/bundle" -cf - . | gzip -1 | split -b "$piece" -d -a 3 - "$output/bundle."
cp "$root/ci/gpu/run.sh" "$output/run.sh"
(cd "$output" && sha256sum bundle.[0-9][0-9][0-9] run.sh >SHA256SUMS && ls -l -- bundle.* | awk '{ printf "%10d  %s\n", $5, $NF }')
