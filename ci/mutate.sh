#!/usr/bin/env bash
# Mutation testing by Stryker: changes the code in one place at a time and runs the tests that reach it. An hour or more in all, so it goes
# piece by piece: PIECES="manifest text" takes some of them. Reports go to out/mutation, figures are kept in docs/mutation.md.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
dotnet tool restore >/dev/null
# In milliseconds: on a busy machine Stryker takes a slow answer of dotnet for none.
export DOTNET_INFO_WAIT_TIME=120000
# Stryker puts mutated assemblies where the tests run, so it works on a copy of what git knows.
work=$(mktemp -d "${TMPDIR:-/tmp}/holozero-mutation.XXXXXX")
trap 'rm -rf "$work"' EXIT

# copy: a fresh one, as Stryker leaves mutants in it.
copy() {
    rm -rf "$work"; mkdir "$work"
    git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
        if [ -e "$file" ]; then printf '%s\0' "$file"; fi
    done | tar --null -T - -c | tar -x -C "$work"
}

# mutate PIECE CONFIGURATION PROJECT FILE...
mutate() {
    local piece=$1 configuration=$2 project=$3 file globs=()
    shift 3
    for file in "$@"; do globs+=(--mutate "**/$file.cs"); done
    (cd "$work/$project" && dotnet stryker --config-file "$work/ci/mutation/$configuration.json" "${globs[@]}" \
        --output "$root/out/mutation/$piece")
}

# only FOLDER: of the runtime's tests those of the folder of that name. All others load models, which takes seconds a mutant.
only() {
    local folder
    for folder in "$work"/validation/HoloZero.Runtime.Tests/*/; do
        [ "$(basename "$folder")" = "$1" ] || rm -rf "$folder"
    done
}

# briefly: the tests of sampling with fewer rounds each and without the longest, as all of them run for each mutant.
briefly() {
    sed -i -E -e 's/round < [0-9_]+;/round < 20;/; s/i < 2_000;/i < 100;/; s/i < 200_000;/i < 2_000;/' \
        -e 's/logits, 2_000\)/logits, 400)/' "$work"/validation/HoloZero.Runtime.Tests/Sampling/*.cs
    perl -0pi -e 's/\[Fact\](\s+public void Draws_follow_the_softmax)/[Fact(Skip = "too long")]$1/;' \
        -e 's/(Sampling_allocates_nothing.*?)i < 1000;/$1i < 20;/s' \
        "$work"/validation/HoloZero.Runtime.Tests/Sampling/ByteSamplerTests.cs
}

artifacts=models/HoloZero.Artifacts
runtime=runtime/HoloZero.Runtime
for piece in ${PIECES:-manifest tensors files sampling text context}; do
    copy
    case $piece in
        manifest) mutate "$piece" artifacts $artifacts ArtifactFolder ArtifactManifest ManifestRules OnnxDataFiles Links ;;
        tensors) mutate "$piece" artifacts $artifacts 'Safetensors*' 'Tensor*' Dimension CrossEntropy SplitMix64 ByteVocabulary ;;
        files)
            mutate "$piece" artifacts $artifacts AdvisoryLock Errors 'File*' FolderTransaction InputFile OutputFile Unfinished Untrusted
            ;;
        sampling) only Sampling && briefly && mutate "$piece" runtime $runtime 'Sampling/*' ;;
        text) only Text && mutate "$piece" runtime $runtime 'Text/*' ;;
        context) only Context && mutate "$piece" runtime $runtime 'Context/*' ;;
        *) echo "mutate: $piece is unknown, choose from manifest, tensors, files, sampling, text and context" >&2; exit 2 ;;
    esac
done
