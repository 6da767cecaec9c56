#!/usr/bin/env bash
# Checks and measures what pack.sh packed, on a machine with CUDA 13, and writes a folder to report from:
#   [PYTHON=FILE] run.sh [--provider cuda|tensorrt|cpu] [--unpacked FOLDER] REPORT
# Looks for the pieces beside itself, joins them and holds each against its checksum; FOLDER, where they are unpacked, stays for the next
# time. Without --provider: cuda, and then tensorrt where libnvinfer is. --provider cpu rehearses all of it without a card.
# Every model goes through doctor, validate and bench, the latter with each variant for CUDA; a failure ends none of the others. BENCH and
# BENCH_SESSIONS are options for bench (--rounds 3 --rows 1,16,256; --sessions 256 --rounds 1), BENCH_SESSIONS=none leaves the latter out.
# Where its checkpoint was packed and a python3 here has PyTorch (or PYTHON), the same weights run there, and pytorch-MODEL.json tells by
# how much ours is faster; BENCH_PYTORCH are options for pytorch.py. REPORT gets summary.txt, machine.txt and what each said.
# Exit: 0 everything passed, 1 something did not, 2 wrong usage or damaged pieces.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
providers=()
unpacked=
while [ $# -gt 1 ]; do
    case $1 in
        --provider) providers=("$2"); shift 2 ;;
        --unpacked) unpacked=$2; shift 2 ;;
        *) break ;;
    esac
done
if [ $# -ne 1 ] || [ "${1#-}" != "$1" ]; then
    sed -n '2,3s/^# //p' "$0" >&2
    exit 2
fi
mkdir -p "$1"
report=$(cd "$1" && pwd)
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
if [ -z "$unpacked" ]; then work=$(mktemp -d "${TMPDIR:-/tmp}/holozero-gpu.XXXXXX"); unpacked=$work; fi
mkdir -p "$unpacked"
unpacked=$(cd "$unpacked" && pwd)

if [ ! -e "$unpacked/.whole" ]; then
    if ! (cd "$here" && sha256sum --check --quiet SHA256SUMS) >"$report/pieces.txt" 2>&1; then
        cat "$report/pieces.txt" >&2
        echo "run.sh: the pieces beside $0 are not what was packed; copy them again" >&2
        exit 2
    fi
    if ! cat "$here"/bundle.[0-9][0-9][0-9] | gzip -dc | tar -C "$unpacked" -xf -; then
        echo "run.sh: the pieces cannot be unpacked" >&2
        exit 2
    fi
    touch "$unpacked/.whole"
fi

if [ ${#providers[@]} -eq 0 ]; then
    providers=(cuda)
    if ldconfig -p 2>/dev/null | grep -q 'libnvinfer\.so\.10' || [ -n "$(find ${LD_LIBRARY_PATH//:/ } -maxdepth 1 -name 'libnvinfer.so.10' \
        -print -quit 2>/dev/null)" ]; then
        providers+=(tensorrt)
    fi
fi

{
    date -u '+%Y-%m-%d %H:%M UTC'
    uname -srm
    grep -m1 'model name' /proc/cpuinfo
    nvidia-smi --query-gpu=name,driver_version,memory.total,power.limit --format=csv 2>/dev/null || echo 'no nvidia-smi'
} >"$report/machine.txt"

status=0
: >"$report/summary.txt"
# ended NAME CODE: how a step ended goes to the summary.
ended() {
    if [ "$2" -eq 0 ]; then printf 'passed      %s\n' "$1"; else printf 'FAILED %-4s %s\n' "$2" "$1"; fi | tee -a "$report/summary.txt"
    [ "$2" -eq 0 ] || status=1
}

# step NAME COMMAND...: what it says goes to NAME.txt.
step() {
    local name=$1 code=0
    shift
    "$@" >"$report/$name.txt" 2>&1 || code=$?
    ended "$name" $code
}

# not_run NAME WORDS: what this machine cannot do is told, and fails nothing.
not_run() { printf 'NOT RUN     %s: %s\n' "$1" "$2" | tee -a "$report/summary.txt"; }

# against_pytorch MODEL: the same weights in PyTorch, beside what bench measured of them.
against_pytorch() {
    local name checkpoint found= device=cuda has='import torch; assert torch.cuda.is_available()' benches=() python= code=0
    local provider file candidate
    name=$(basename "$1")
    if [ "${providers[*]}" = cpu ]; then device=cpu has='import torch'; fi
    for checkpoint in "$unpacked"/checkpoints/*; do
        [ -e "$checkpoint" ] || continue
        grep -q "$(sha256sum "$checkpoint" | cut -c1-64)" "$1/holozero.json" && found=$checkpoint
    done
    if [ -z "$found" ]; then not_run "pytorch-$name" "its checkpoint was not packed"; return; fi
    for candidate in ${PYTHON:-python3 /usr/bin/python3}; do
        if "$candidate" -c "$has" 2>/dev/null; then python=$candidate; break; fi
    done
    if [ -z "$python" ]; then not_run "pytorch-$name" "no python3 here has PyTorch for $device"; return; fi
    for provider in "${providers[@]}"; do
        for file in "$report/bench-$name-$provider.txt" "$report/bench-$name-$provider"-*.txt; do
            if [ -e "$file" ] && grep -q bytes_per_second "$file"; then benches+=(--bench "$file"); fi
        done
    done
    "$python" "$unpacked/pytorch.py" --model "$1" --checkpoint "$found" --device $device "${benches[@]}" \
        --json "$report/pytorch-$name.json" "${pytorch[@]}" >"$report/pytorch-$name.txt" 2>&1 || code=$?
    if [ $code -eq 3 ]; then not_run "pytorch-$name" "$(tail -n1 "$report/pytorch-$name.txt")"; else ended "pytorch-$name" $code; fi
}

read -ra bench <<<"${BENCH:---rounds 3 --rows 1,16,256}"
read -ra pytorch <<<"${BENCH_PYTORCH:-}"
read -ra sessions <<<"${BENCH_SESSIONS:---sessions 256 --rounds 1}"
programs=$unpacked/programs
if [ -d "$unpacked/dotnet" ]; then export DOTNET_ROOT="$unpacked/dotnet"; fi
for provider in "${providers[@]}"; do
    for model in "$unpacked"/models/*/; do
        name=$(basename "$model")-$provider
        run=(--model "$model" --provider "$provider")
        if [ "$provider" = tensorrt ]; then run+=(--engine-cache "$unpacked/engines"); fi
        step "doctor-$name" "$programs/holozero" doctor "${run[@]}"
        step "validate-$name" "$programs/holozero-validate" --model "$model" --provider "$provider" --golden "$unpacked/golden" --quick \
            --report "$report/validate-$name"
        variants=()
        if [ "$provider" = cuda ]; then
            for graph in "$model"model.cuda*.onnx; do
                [ ! -e "$graph" ] || variants+=("$(basename "$graph" .onnx | cut -d. -f2)")
            done
        fi
        for variant in "${variants[@]:-}"; do
            with=("${run[@]}" ${variant:+--variant "$variant"})
            step "bench-$name${variant:+-$variant}" "$programs/holozero" bench "${with[@]}" --json "${bench[@]}"
            [ "${sessions[0]}" = none ] ||
                step "sessions-$name${variant:+-$variant}" "$programs/holozero" bench "${with[@]}" --json "${sessions[@]}"
        done
    done
done
for model in "$unpacked"/models/*/; do against_pytorch "${model%/}"; done
exit $status
