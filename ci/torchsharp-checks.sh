# Part of ci/torchsharp.sh, where TorchSharp loads: nothing may be skipped for want of it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
fail() { say "FAILED: $*"; status=1; }

for suite in TorchSharp Training Conformance; do
    log=$work/$suite.log
    code=0
    "artifacts/bin/HoloZero.$suite.Tests/$configuration/HoloZero.$suite.Tests" -noColor >"$log" 2>&1 || code=$?
    counts=$(sed -n 's/.*Total: \([0-9]*\), Errors: \([0-9]*\), Failed: \([0-9]*\), Skipped: \([0-9]*\),.*/\1 \2 \3 \4/p' "$log" | tail -n1)
    if [ -z "$counts" ]; then
        tail -n20 "$log"
        fail "the suite $suite ended with exit code $code and no summary"
        continue
    fi
    read -r total errors failed skipped <<<"$counts"
    say "suite $suite: $((total - skipped)) tests ran, $failed failed, $skipped skipped"
    if [ "$code" -ne 0 ] || [ "$((errors + failed))" -ne 0 ]; then
        grep -A12 '\[FAIL\]' "$log" || tail -n20 "$log"
        fail "the suite $suite"
    fi
    if [ "$total" -eq "$skipped" ] || grep -q 'TorchSharp needs \|TorchSharp.s native library does not load' "$log"; then
        fail "the suite $suite skips what it was run for"
    fi
done

# program NAME ARGUMENT...: its output is shown, and kept in the work folder.
program() {
    local name=$1
    shift
    "$export" "$@" >"$work/$name.txt" 2>&1 || fail "holozero-export $*"
    sed "s/^/  $name: /" "$work/$name.txt"
}

program export --checkpoint validation/golden/tiny.pt --output "$work/tiny" --engine torchsharp
engines=$(tr -s ' \n' ' ' <"$work/tiny/holozero.json" | sed -n 's/.*"engines": *\[ *\([^]]*[^] ]\) *\].*/\1/p')
case $engines in
    *TorchSharp*HoloZero.Reference*) say "the manifest names $engines" ;;
    *) fail "the manifest names ${engines:-no engine}, not TorchSharp and the reference" ;;
esac
program probe probe models/demo/demo.pt --text validation/golden/demo-heldout.txt --max-bytes 1000 --engine torchsharp
program train train --new tiny --text validation/golden/demo-heldout.txt --steps 20 --batch 4 --output "$work/run"
program films films --films 30 --seed 1 --output "$work/films.bin"
program windows train --new tiny --windows "$work/films.bin" --film-windows 4 --steps 3 --batch 2 --held-out-windows 4 \
    --stream-origin zero --stream-positions restarted --output "$work/film-run"
program ablation ablate --text validation/golden/demo-heldout.txt --steps 3 --seeds 1 --batch 2 --output "$work/ablation"
[ "$status" -ne 0 ] || say "all passed"
exit "$status"
