#!/usr/bin/env python3
"""What plain PyTorch makes of the same weights, to hold ours against:

    pytorch.py --model FOLDER --checkpoint FILE [--device cuda|cpu] [--bench FILE]... [--json FILE]

Rebuilds the network of an artifact from its checkpoint (.pt or safetensors), compares its logits with the artifact's own goldens, and
measures steps (eager, and torch.compile where there is one) for several numbers of rows, a prefill, and how long the device takes to read
the weights once. A --bench FILE is what `holozero bench --json` said: its numbers are put beside these, with ratios. Logits go to the host
after every step, as ours do.
Exit: 0 measured, 1 the logits are not the artifact's, 2 wrong usage, 3 what is not there: PyTorch, the device, or a form of the network
that this script knows.
"""
import argparse
import hashlib
import json
import math
import os
import platform
import statistics
import struct
import sys
import time


def refuse(code, words):
    print(f"pytorch.py: {words}", file=sys.stderr)
    sys.exit(code)


try:
    import torch
except ImportError:
    refuse(3, "this python3 has no PyTorch; name another by PYTHON")

from asymdec import Network  # noqa: E402: it needs PyTorch


# Files.

TYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "U8": torch.uint8}


def safetensors(path):
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = torch.frombuffer(bytearray(data[8 + length + begin:8 + length + end]), dtype=TYPES[entry["dtype"]]).reshape(
            entry["shape"])
    return tensors, metadata


def checkpoint(path):
    if path.endswith(".safetensors"):
        return safetensors(path)[0]
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    return loaded.get("model", loaded)


def configuration(folder, path):
    """Width, layers, heads and bytes a slot of an artifact whose checkpoint this is."""
    with open(os.path.join(folder, "holozero.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    with open(path, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    if digest != manifest["source"]["sha256"]:
        refuse(2, f"{path} is not the checkpoint that {folder} was exported from")
    model = manifest["model"]
    known = {"door": "zero", "prefix_attention": "causal", "stream_positions": "continuous", "stream_origin": "bare",
             "substrate": "hsl"}
    for key, value in known.items():
        if model.get(key, value) != value:
            refuse(3, f"{key} of {folder} is {model[key]}, and this script knows {value} alone")
    return model["dim"], model["dec_layers"], model["heads"], model["slot_bytes"]


def compare(network, folder):
    """The largest difference from the artifact's goldens, whole and by both kinds of steps, per unit of the largest logit."""
    tensors, metadata = safetensors(os.path.join(folder, "golden.safetensors"))
    worst = 0.0
    for name in sorted(key[:-len(".bytes")] for key in tensors if key.endswith(".bytes")):
        expected = tensors[name + ".logits"].double()
        split = int(metadata[name + ".prefix_slots"]) * network.slot
        row = tensors[name + ".bytes"].long()[None].to(network.device)
        slots = split // network.slot
        with torch.inference_mode():
            found = [network.prefill(row[:, :split], row[:, split:], network.state(1))[0]]
            for masked in (False, True):
                state = network.state(1)
                rows = [network.prefill(row[:, :split], row[:, split:split + 1], state)[0]]
                for i in range(split + 1, row.shape[1]):
                    place = slots + i - split
                    rows.append(network.step(row[:, i:i + 1], *(network.masked(place) if masked else (place, None)), state)[0])
                found.append(torch.cat(rows))
        for actual in found:
            error = (actual.double().cpu() - expected).abs().max().item() / expected.abs().max().item()
            worst = max(worst, error) if error == error else math.inf
    return worst


# Measuring.

def wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


def median_seconds(device, rounds, run):
    times = []
    for _ in range(rounds):
        wait(device)
        start = time.perf_counter()
        run()
        wait(device)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure_steps(network, rows, mode, options):
    """Median seconds of a step, over calls at the positions of a generation."""
    state = network.state(rows)
    next_ = torch.randint(0, 256, (rows, 1), device=network.device)
    first, last = 16, min(network.capacity, 16 + options.steps)
    def eager(position, own=state):
        return network.step(next_, position, None, own).cpu()

    if mode == "eager":
        step = eager
    else:
        # Without these marks torch.compile would copy weights and caches in every call, or leave its CUDA graphs out.
        for tensor in network.tensors() + [state["tail"], *sum((state[name] for name in ("keys", "values", "s", "z")), [])]:
            torch._dynamo.mark_static_address(tensor)
        compiled = torch.compile(network.step, mode="reduce-overhead", fullgraph=True)

        def step(position):
            return compiled(next_, *network.masked(position), state).cpu()

    with torch.inference_mode():
        other = network.state(rows)
        for position in range(min(options.warm, first)):
            actual, expected = step(position), eager(position, other)
            if not (actual - expected).abs().max() <= 2e-2 * expected.abs().max():
                raise ValueError("it gives other logits than eager steps")
        return median_seconds(network.device, options.rounds, lambda: [step(position) for position in range(first, last)]) / (last - first)


def copy_bandwidth(device, bytes_):
    """Bytes a second that the device reads where it also writes as many."""
    one = torch.ones(bytes_ // 4, dtype=torch.float32, device=device)
    other = torch.empty_like(one)
    other.copy_(one)
    return 2 * bytes_ / median_seconds(device, 10, lambda: other.copy_(one))


def measured(network, options, modes):
    name = str(network.dtype).replace("torch.", "")
    results = []
    for mode in modes:
        for rows in options.rows:
            entry = {"what": "step", "mode": mode, "dtype": name, "rows": rows}
            try:
                seconds = measure_steps(network, rows, mode, options)
                entry.update(milliseconds=1e3 * seconds, bytes_per_second=rows / seconds)
            except Exception as e:  # torch.compile and memory fail in many ways, none of which ends the rest.
                entry["failed"] = f"{type(e).__name__}: {e}".splitlines()[0]
            results.append(entry)
    stream = torch.randint(0, 256, (1, options.prefill), device=network.device)
    prefix = torch.zeros(1, 0, dtype=torch.int64, device=network.device)
    with torch.inference_mode():
        network.prefill(prefix, stream, network.state(1))
        state = network.state(1)
        seconds = median_seconds(network.device, max(options.rounds, 3), lambda: network.prefill(prefix, stream, state).cpu())
    results.append({"what": "prefill", "mode": "eager", "dtype": name, "rows": 1, "bytes": options.prefill,
                    "milliseconds": 1e3 * seconds, "bytes_per_second": options.prefill / seconds})
    return results


def ours(path):
    """Bytes a second of what holozero bench measured: by rows of a step, and 'prefill'."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    report = json.loads(text[text.index("{"):text.rindex("}") + 1])
    numbers = {1: 1e3 / report["measured"]["latency"]["median_milliseconds"]}
    for batch in report["measured"]["batches"]:
        numbers[batch["rows"]] = batch["bytes_per_second"]
    if report["measured"].get("prefill"):
        numbers["prefill"] = report["measured"]["prefill"]["stream_bytes_per_second"]
    return report["model"]["variant"], numbers


def ratios(results, floor, benches):
    """Ours over each of PyTorch's numbers, and a step of one row over the floor."""
    found = []
    for path in benches:
        variant, numbers = ours(path)
        for result in results:
            key = "prefill" if result["what"] == "prefill" else result["rows"]
            if key in numbers and "bytes_per_second" in result:
                found.append({"variant": variant, "what": result["what"], "rows": result["rows"], "against": result["mode"],
                              "dtype": result["dtype"], "ours_bytes_per_second": numbers[key],
                              "bytes_per_second": result["bytes_per_second"], "ratio": numbers[key] / result["bytes_per_second"]})
        found.extend({"variant": variant, "what": "step", "rows": 1, "against": "memory floor", "dtype": dtype,
                      "ours_bytes_per_second": numbers[1], "bytes_per_second": 1 / seconds, "ratio": numbers[1] * seconds}
                     for dtype, seconds in floor.items())
    return found


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--bench", action="append", default=[])
    parser.add_argument("--json")
    parser.add_argument("--rows", type=lambda text: [int(row) for row in text.split(",")], default=[1, 16, 256])
    parser.add_argument("--steps", type=int, default=256)
    parser.add_argument("--warm", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--prefill", type=int, default=512)
    parser.add_argument("--copy-bytes", type=int, default=1 << 30)
    return parser.parse_args()


def main():
    options = parse()
    if options.device == "cuda" and not torch.cuda.is_available():
        refuse(3, "PyTorch finds no card")
    config = configuration(options.model, options.checkpoint)
    weights = {name: tensor.float() for name, tensor in checkpoint(options.checkpoint).items()}
    torch.manual_seed(0)
    torch.backends.cuda.matmul.allow_tf32 = False
    capacity = max(16 + options.steps, options.prefill, 128)

    def network(dtype):
        return Network(config, weights, dtype, options.device, capacity)

    # What float64 does not show, a wrong formula would; float16 is rounding on top of that.
    limits = {torch.float64: 1e-6, torch.float32: 1e-4}
    if options.device == "cuda":
        limits[torch.float16] = 1e-2
    errors = {}
    for dtype, limit in limits.items():
        name = str(dtype).replace("torch.", "")
        errors[name] = compare(network(dtype), options.model)
        print(f"logits, {name}: {errors[name]:.3g} of the largest, {limit:g} allowed")
        if not errors[name] <= limit:
            refuse(1, "these are not the artifact's logits: nothing is measured")

    modes = ["eager"] + (["compile"] if hasattr(torch, "compile") and options.device == "cuda" else [])
    bandwidth = copy_bandwidth(options.device, options.copy_bytes)
    results, floor = [], {}
    for dtype in limits:
        if dtype == torch.float64:
            continue
        one = network(dtype)
        floor[str(dtype).replace("torch.", "")] = one.weight_bytes() / bandwidth
        results += measured(one, options, modes)
    report = {
        "torch": torch.__version__, "cuda": torch.version.cuda, "python": platform.python_version(),
        "device": torch.cuda.get_device_name() if options.device == "cuda" else platform.processor() or "cpu",
        "logits": errors, "copy_gigabytes_per_second": bandwidth / 1e9,
        "floor_milliseconds": {dtype: 1e3 * seconds for dtype, seconds in floor.items()},
        "measured": results, "ratios": ratios(results, floor, options.bench),
    }
    for result in results:
        speed = result.get("failed") or f"{result['bytes_per_second']:,.0f} bytes/s"
        print(f"{result['what']}, {result['mode']}, {result['dtype']}, {result['rows']} rows: {speed}")
    print(f"copies: {bandwidth / 1e9:,.0f} GB/s")
    for entry in report["ratios"]:
        print(f"{entry['variant']}, {entry['what']} of {entry['rows']} rows: {entry['ratio']:.2f} times {entry['against']} "
              f"{entry['dtype']}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
