#!/usr/bin/env bash
# Holds exported graphs against ONNX's own checker and shape inference. Needs Python 3 with the onnx package (Debian: python3-onnx),
# which nothing else here needs, so this is not part of make test.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-/usr/bin/python3}
if ! "$python" -c 'import onnx' 2>/dev/null; then
    echo "check-onnx: $python has no onnx package; install python3-onnx or set PYTHON" >&2
    exit 3
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export=$root/bin/holozero-export
"$export" --checkpoint "$root/validation/golden/tiny.pt" --output "$work/tiny" >/dev/null
"$export" --checkpoint "$root/validation/golden/tiny.pt" --output "$work/tiny-bidirectional" --prefix-attention bidirectional >/dev/null
"$export" --checkpoint "$root/models/demo/demo.pt" --output "$work/demo" >/dev/null
"$python" - "$work"/*/*.onnx <<'PYTHON'
import sys
import onnx

for path in sys.argv[1:]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    name, opset = "/".join(path.split("/")[-2:]), model.opset_import[0].version
    print(f"{name}: sound, {len(model.graph.node)} nodes, opset {opset} (onnx {onnx.__version__})")
PYTHON
