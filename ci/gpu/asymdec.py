"""The network of HoLo_ZeRo in plain PyTorch, with a cache of fixed room: what pytorch.py measures."""
import math

import torch
import torch.nn.functional as F

FEATURES = 27


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
    return [table.to(device, dtype) for table in (own, change, before, change_before, terms)]


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
        self.tables = door_tables(self.wide, device)
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
