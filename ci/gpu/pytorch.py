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

FEATURES, SYMBOLS = 27, 258


def refuse(code, words):
    print(f"pytorch.py: {words}", file=sys.stderr)
    sys.exit(code)


try:
    import torch
    import torch.nn.functional as F
except ImportError:
    refuse(3, "this python3 has no PyTorch; name another by PYTHON")


# Front door: tables by byte, and by the bits in which neighbours differ, so that a step is a few look-ups.

def gray(value):
    return value ^ (value >> 1)


def bits_of(value):
    return [(value >> (7 - i)) & 1 for i in range(8)]


def door_tables(dtype, device):
    """Rows [512, 27]; a code is 256 + byte, and 0 where there is none. Terms are what the boundary is divided by."""
    own, change, before, change_before, terms = (torch.zeros(512, FEATURES, dtype=torch.float64) for _ in range(5))
    terms[:] = 1
    for code in range(512):
        value = code & 255
        flips = bits_of(gray(value))
        change[code, 8:16] = torch.tensor(flips, dtype=torch.float64)
        change[code, 16] = sum(flips[:5]) / 2
        change_before[code, 16] = sum(flips[4:]) / 2
        before[code, 16] = sum(flips[4:])
        terms[code, 16] = 5 if code >= 256 else 9
        bits = bits_of(value)
        own[code, 0:8] = torch.tensor(flips, dtype=torch.float64)
        own[code, 16] = sum(flips[:5])
        for k in range(5):
            own[code, 17 + k] = sum(b * math.cos(2 * math.pi * n * k / 8) for n, b in enumerate(bits))
        for k in range(1, 4):
            own[code, 21 + k] = -sum(b * math.sin(2 * math.pi * n * k / 8) for n, b in enumerate(bits))
        own[code, 25], own[code, 26] = math.cos(2 * math.pi * value / 256), math.sin(2 * math.pi * value / 256)
    before[0], change_before[0] = 0, 0
    return [table.to(device, torch.float32 if dtype == torch.float16 else dtype) for table in (own, change, before, change_before, terms)]


def features(tables, bytes_, tail):
    """[B, n] bytes after two codes [B, 2] -> [B, n, 27] and the next two codes."""
    own, change, before, change_before, terms = tables
    run = torch.cat([tail, bytes_ + 256], 1)
    codes, one, two = run[:, 2:], run[:, 1:-1], run[:, :-2]
    flips = codes ^ one
    sum_ = own[codes] + change[flips] + before[one] + change_before[one ^ two]
    return sum_ / terms[flips], run[:, -2:]


class Network:
    """The architecture with a cache of fixed room, as one would write it in plain PyTorch. S and z are float32 or wider."""

    def __init__(self, config, weights, dtype, device, capacity):
        self.d, self.layers, self.heads, self.slot = config
        self.k = self.d // self.heads
        self.dtype, self.device, self.capacity = dtype, device, capacity
        self.wide = torch.float64 if dtype == torch.float64 else torch.float32
        # The head's error goes straight into the logits: it is float32, as in the variant that this is held against.
        self.w = {name: tensor.to(device, self.wide if name.startswith(("head.", "norm.")) else dtype) for name, tensor in weights.items()}
        self.gates = [float(torch.tanh(weights[f"mem_blocks.{i}.gate"].double())) for i in range(self.layers)]
        self.tables = door_tables(dtype, device)
        frequencies = 1.0 / (10000.0 ** (torch.arange(0, self.k, 2).float() / self.k))
        angles = torch.arange(capacity).float()[:, None] * frequencies[None]
        angles = torch.cat([angles, angles], 1)
        self.cos, self.sin = angles.cos().to(device, dtype), angles.sin().to(device, dtype)
        self.places = torch.arange(capacity, device=device)

    def weight_bytes(self):
        return sum(tensor.numel() * tensor.element_size() for tensor in self.w.values())

    def tensors(self):
        return [*self.w.values(), *self.tables, self.cos, self.sin]

    def state(self, rows):
        def zeros(*shape, dtype=self.dtype):
            return torch.zeros(*shape, dtype=dtype, device=self.device)

        return {
            "tail": zeros(rows, 2, dtype=torch.int64),
            "keys": [zeros(rows, self.heads, self.capacity, self.k) for _ in range(self.layers)],
            "values": [zeros(rows, self.heads, self.capacity, self.k) for _ in range(self.layers)],
            "s": [zeros(rows, self.heads, self.k, self.k, dtype=self.wide) for _ in range(self.layers)],
            "z": [zeros(rows, self.heads, self.k, dtype=self.wide) for _ in range(self.layers)],
        }

    def linear(self, name, x):
        return F.linear(x.to(self.w[name + ".weight"].dtype), self.w[name + ".weight"], self.w[name + ".bias"])

    def norm(self, name, x):
        return F.layer_norm(x.to(self.w[name + ".weight"].dtype), (self.d,), self.w[name + ".weight"], self.w[name + ".bias"], 1e-5)

    def heads_of(self, x):
        b, t, _ = x.shape
        return [part.reshape(b, t, self.heads, self.k).transpose(1, 2) for part in x.split(self.d, 2)]

    def rotate(self, x, cos, sin):
        half = self.k // 2
        return x * cos + torch.cat([-x[..., half:], x[..., :half]], -1) * sin

    def attend(self, q, keys, values, mask):
        if hasattr(F, "scaled_dot_product_attention"):
            return F.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
        scores = (q @ keys.transpose(-1, -2)).float() if self.dtype == torch.float16 else q @ keys.transpose(-1, -2)
        scores = scores / math.sqrt(self.k)
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        return scores.softmax(-1).to(values.dtype) @ values

    def pad(self, x):
        return F.pad(x, (0, self.d - x.shape[-1])).to(self.dtype)

    def prefill(self, prefix, stream, state):
        """The first call of a sequence: [B, N K] and [B, L] bytes -> logits [B, L, 258]."""
        b = stream.shape[0]
        nothing = torch.zeros(b, 2, dtype=torch.int64, device=self.device)
        slots = prefix.shape[1] // self.slot
        x, state["tail"] = features(self.tables, stream, nothing)
        x = self.pad(x)
        if slots > 0:
            rows, _ = features(self.tables, prefix, nothing)
            x = torch.cat([self.pad(rows.reshape(b, slots, self.slot * FEATURES)), x], 1)
        t = x.shape[1]
        causal = torch.ones(t, t, dtype=torch.bool, device=self.device).tril()
        for i in range(self.layers):
            q, k, v = self.heads_of(self.linear(f"self_blocks.{i}.qkv", self.norm(f"self_blocks.{i}.norm1", x)))
            q, k = (self.rotate(part, self.cos[:t], self.sin[:t]) for part in (q, k))
            state["keys"][i][:, :, :t], state["values"][i][:, :, :t] = k, v
            x = self.after_attention(i, x, self.attend(q, k, v, causal))
            q, k, v = self.memory_of(i, x)
            weights = (q @ k.transpose(-1, -2)) * causal
            read = (weights @ v) / (weights.sum(-1, keepdim=True) + 1e-6)
            state["s"][i], state["z"][i] = k.transpose(-1, -2) @ v, k.sum(2)
            x = self.after_memory(i, x, read)
        return self.logits(x[:, slots:])

    def masked(self, position):
        """A position and its mask as tensors, of shapes that are the same for all."""
        place = torch.full((1,), position, dtype=torch.int64, device=self.device)
        return place, (self.places <= place)[None, None, None]

    def step(self, bytes_, position, mask, state):
        """[B, 1] bytes at a position: an int where the cache is cut to what is there, a tensor where a mask does it."""
        x, tail = features(self.tables, bytes_, state["tail"])
        state["tail"].copy_(tail)
        x = self.pad(x)
        for i in range(self.layers):
            q, k, v = self.heads_of(self.linear(f"self_blocks.{i}.qkv", self.norm(f"self_blocks.{i}.norm1", x)))
            if mask is None:
                cos, sin = self.cos[position:position + 1], self.sin[position:position + 1]
                q, k = self.rotate(q, cos, sin), self.rotate(k, cos, sin)
                state["keys"][i][:, :, position:position + 1], state["values"][i][:, :, position:position + 1] = k, v
                keys, values = state["keys"][i][:, :, :position + 1], state["values"][i][:, :, :position + 1]
            else:
                cos, sin = self.cos.index_select(0, position), self.sin.index_select(0, position)
                q, k = self.rotate(q, cos, sin), self.rotate(k, cos, sin)
                keys, values = state["keys"][i].index_copy_(2, position, k), state["values"][i].index_copy_(2, position, v)
            x = self.after_attention(i, x, self.attend(q, keys, values, mask))
            q, k, v = self.memory_of(i, x)
            state["s"][i].add_(k.transpose(-1, -2) @ v)
            state["z"][i].add_(k[:, :, 0])
            x = self.after_memory(i, x, (q @ state["s"][i]) / ((q * state["z"][i][:, :, None]).sum(-1, keepdim=True) + 1e-6))
        return self.logits(x)

    def after_attention(self, i, x, read):
        x = x + self.linear(f"self_blocks.{i}.proj", read.transpose(1, 2).flatten(2))
        within = F.gelu(self.linear(f"self_blocks.{i}.ff.0", self.norm(f"self_blocks.{i}.norm2", x)))
        return x + self.linear(f"self_blocks.{i}.ff.3", within)

    def memory_of(self, i, x):
        q, k, v = self.heads_of(self.linear(f"mem_blocks.{i}.qkv", self.norm(f"mem_blocks.{i}.norm", x)).to(self.wide))
        return F.elu(q) + 1, F.elu(k) + 1, v

    def after_memory(self, i, x, read):
        return x + self.gates[i] * self.linear(f"mem_blocks.{i}.proj", read.transpose(1, 2).flatten(2).to(self.dtype))

    def logits(self, x):
        return self.linear("head", self.norm("norm", x.to(self.wide)))


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
    known = {"door": "zero", "prefix_attention": "causal", "stream_positions": "continuous", "stream_origin": "bare"}
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
        print(f"{entry['variant']}, {entry['what']} of {entry['rows']} rows: {entry['ratio']:.2f} times {entry['against']} {entry['dtype']}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
