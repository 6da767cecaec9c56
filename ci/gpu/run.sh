#!/usr/bin/env bash
# Checks and measures what pack.sh packed, on a machine with CUDA 13, and writes a folder to report from:
#   run.sh [--provider cuda|tensorrt|cpu] [--unpacked FOLDER] REPORT
# Looks for the pieces beside itself, joins them and holds each against its checksum; FOLDER, where they are unpacked, stays for the next
# time. Without --provider: cuda, and then tensorrt where libnvinfer is. --provider cpu rehearses all of it without a card.
# Every model goes through doctor, validate and bench; a failure ends none of the others. BENCH and BENCH_SESSIONS are options for bench
# (--rounds 3; --sessions 256 --rounds 1), BENCH_SESSIONS=none leaves the latter out. REPORT gets summary.txt, machine.txt and what each
# said.
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
    cat "$here"/bundle.[0-9][0-9][0-9] | xz -dc | tar -C "$unpacked" -xf - || { echo "run.sh: the pieces cannot be unpacked" >&2; exit 2; }
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
# step NAME COMMAND...: what it says goes to NAME.txt, how it ended to the summary.
step() {
    local name=$1 code=0
    shift
    "$@" >"$report/$name.txt" 2>&1 || code=$?
    if [ $code -eq 0 ]; then printf 'passed      %s\n' "$name"; else printf 'FAILED %-4s %s\n' "$code" "$name"; fi |
        tee -a "$report/summary.txt"
    [ $code -eq 0 ] || status=1
}

read -ra bench <<<"${BENCH:---rounds 3}"
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
        step "bench-$name" "$programs/holozero" bench "${run[@]}" --json "${bench[@]}"
        [ "${sessions[0]}" = none ] || step "sessions-$name" "$programs/holozero" bench "${run[@]}" --json "${sessions[@]}"
    done
done
exit $status
