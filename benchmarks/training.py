"""How many jets a second ParT learns from, beside weaver-core's eager one: python benchmarks/training.py

Forward and backward pass of the same batches of jets, on one thread, in turns in one process; the medians over the
batches of the ratio to weaver, with their extremes. weaver is 0.5.3's ParticleTransformer on batches as its loader
gives them, padded to 128 and trimmed to the longest jet as it does by itself, in fp32. Ours goes in micro-batches of
like length: with the BatchNorm statistics of the whole batch, as published; with statistics fixed beforehand; with
these in compiled code; and all in bf16. No dropout, which costs both the same.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from helpers.references import weaver_module
from torch.nn import functional as F

import part
from part.benchmarking.machine import machine
from part.jets import make_batch
from part.jets.schema import FULL, JETCLASS
from part.models.attention import set_backend
from part.models.backends.native.learn import learn
from part.models.build import build
from part.models.config import ParTConfig
from part.training.data.batches import deal
from part.training.lightning_module import calibrate
from part.training.micro_batches import logits_of

ROOT = Path(__file__).parents[1]


def weaver():
    module = weaver_module("0.5.3")
    options = {"num_heads": 8, "num_layers": 8, "num_cls_layers": 2, "use_pre_activation_pair": False}
    dropout = {"block_params": {"dropout": 0, "attn_dropout": 0, "activation_dropout": 0}}
    model = module.ParticleTransformer(17, 10, trim=True, **options, **dropout).train()
    return lambda jets: F.cross_entropy(
        model(jets.x.transpose(1, 2), jets.v.transpose(1, 2), jets.mask[:, None]), jets.y
    )


def ours(sample, held: bool, bf16: bool):
    model = build(ParTConfig(dropout=0.0)).train()
    set_backend(model, "explicit")
    if held:
        calibrate(model, make_batch(sample[:200], FULL, JETCLASS))

    def loss(parts):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = torch.cat(logits_of(model, parts)).float()
        return F.cross_entropy(logits, torch.cat([part.y for part in parts]))

    return loss


def compiled(sample, bf16: bool):
    model = build(ParTConfig(dropout=0.0)).train()
    calibrate(model, make_batch(sample[:200], FULL, JETCLASS))

    def loss(parts):
        return learn(model, parts, F.one_hot(torch.cat([part.y for part in parts]), 10).float(), bf16)

    return loss


def seconds(loss, batch) -> float:
    start = time.perf_counter()
    loss(batch).backward()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--micro-batch", type=int, default=32)
    parser.add_argument("--batches", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    jets = part.read_jets(ROOT / "data_samples" / "jetclass_like.root")
    rng = np.random.default_rng(0)
    jets = jets[rng.permutation(len(jets))]
    lengths = np.minimum([len(jet) for jet in jets["part_px"]], 128)
    losses = {"weaver": weaver()}
    for held in (False, True):
        for bf16 in (False, True):
            losses[f"ours, {'fixed' if held else 'batch'} statistics, {'bf16' if bf16 else 'fp32'}"] = ours(
                jets, held, bf16
            )
    for bf16 in (False, True):
        losses[f"ours, compiled, {'bf16' if bf16 else 'fp32'}"] = compiled(jets, bf16)
    times = {name: [] for name in losses}
    for turn in range(options.batches + 1):  # the first warms up
        chosen = (np.arange(options.batch_size) + turn * options.batch_size) % len(jets)
        # As in training, where micro-batches come from a window of sorted jets: this batch is its own window.
        (rows,) = deal(lengths[chosen], options.batch_size, options.micro_batch, rng)
        whole = make_batch(jets[chosen], FULL, JETCLASS, length=128)
        parts = [make_batch(jets[chosen[row]], FULL, JETCLASS) for row in rows]
        for name, loss in losses.items():
            times[name].append(seconds(loss, whole if name == "weaver" else parts))
    print(machine())
    reference = np.array(times["weaver"][1:])
    for name, row in times.items():
        ratio = reference / np.array(row[1:])
        speed = options.batch_size / np.median(row[1:])
        print(f"{name:32}{speed:>6.0f} jets/s   x{np.median(ratio):.2f} ({ratio.min():.2f} to {ratio.max():.2f})")


if __name__ == "__main__":
    main()
