"""Writes training-state.pt: what training loops save beside a model. Made with PyTorch 1.13 and numpy 1.24."""
import argparse, collections, pathlib, random, sys

import numpy as np
import torch

torch.manual_seed(0)
net = torch.nn.Linear(3, 4)
optimizer = torch.optim.AdamW(net.parameters())
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [10, 20])
net(torch.ones(2, 3)).sum().backward()
optimizer.step()
scheduler.step()
random.seed(0)
np.random.seed(0)

torch.save({
    "optimizer": optimizer.state_dict(),
    "scheduler": scheduler.state_dict(),
    "rng": {"torch": torch.get_rng_state()[:8].clone(), "numpy": np.random.get_state(), "python": random.getstate()},
    "args": argparse.Namespace(lr=1e-3, out=pathlib.PurePosixPath("/runs/1"), amp=True),
    "model": collections.OrderedDict(
        {**net.state_dict(), "turned": torch.arange(6.0).view(2, 3).t(), "parameter": torch.nn.Parameter(torch.ones(2))}),
    "cfg": {"dim": np.int64(64), "dec_layers": np.int32(2), "heads": 4, "K": np.uint8(2), "door": "zero"},
    "epoch": 3, "best": np.float64(1.5), "history": [1.0, float("nan")], "seen": {1, 2}, "frozen": frozenset("a"),
    "counts": collections.Counter("aab"), "lists": collections.defaultdict(list, {"a": [1]}), "recent": collections.deque([1], 3),
    "dtype": torch.bfloat16, "device": torch.device("cuda:1"), "size": torch.Size([1, 2]), "bytes": b"\x00\xff", "none": b"",
    "big": 10 ** 30, "complex": 1j, "slice": slice(1, 2), "array": np.arange(4.0), "buffer": bytearray(b"x"),
    "sparse": torch.eye(2).to_sparse(), "quantized": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
    "waves": torch.ones(2, dtype=torch.complex64), "storage": torch.ones(2).storage(),
}, sys.argv[1], pickle_protocol=int(sys.argv[2]))
