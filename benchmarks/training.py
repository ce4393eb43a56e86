"""Compare the jets per second that ParT trains on with weaver-core's eager ParT: python benchmarks/training.py

Forward and backward passes of the same batches alternate in one process on one thread; printed are the medians over the
batches of the ratio to weaver with their extremes. The reference is the ParticleTransformer of weaver 0.5.3 in fp32, on
batches as its loader returns them, padded to 128 and trimmed to the longest jet by the model itself. Ours processes
micro-batches of similar length: with the BatchNorm statistics of the whole batch, as published; with statistics fixed
beforehand; both also in compiled code; and each in bf16 where the processor has it. There is no dropout, which would
cost both the same.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from helpers.references import weaver_module
from torch.nn import functional as F

import part
from part.benchmarking.machine import describe_machine
from part.jets import make_batch
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.attention import set_backend
from part.models.backends.native.gradients import loss_and_gradients
from part.models.build import build
from part.models.config import ParTConfig
from part.models.numerics.precision import cpu_supports_bf16
from part.training.data.batches import make_micro_batches
from part.training.lightning_module import calibrate_batchnorm
from part.training.micro_batches import forward_micro_batches

ROOT = Path(__file__).parents[1]


def weaver():
    module = weaver_module("0.5.3")
    options = {"num_heads": 8, "num_layers": 8, "num_cls_layers": 2, "use_pre_activation_pair": False}
    dropout = {"block_params": {"dropout": 0, "attn_dropout": 0, "activation_dropout": 0}}
    model = module.ParticleTransformer(17, 10, trim=True, **options, **dropout).train()
    return lambda jets: F.cross_entropy(
        model(jets.x.transpose(1, 2), jets.v.transpose(1, 2), jets.mask[:, None]), jets.y
    )


def partscope(sample, fixed: bool, bf16: bool):
    model = build(ParTConfig(dropout=0.0)).train()
    set_backend(model, "explicit")
    if fixed:
        calibrate_batchnorm(model, make_batch(sample[:200], FULL, JETCLASS))

    def loss(batches):
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = torch.cat(forward_micro_batches(model, batches)).float()
        return F.cross_entropy(logits, torch.cat([batch.y for batch in batches]))

    return loss


def compiled(sample, fixed: bool, bf16: bool):
    model = build(ParTConfig(dropout=0.0)).train()
    if fixed:
        calibrate_batchnorm(model, make_batch(sample[:200], FULL, JETCLASS))

    def loss(batches):
        return loss_and_gradients(
            model, batches, F.one_hot(torch.cat([batch.y for batch in batches]), 10).float(), bf16
        )

    return loss


def seconds(loss, batch) -> float:
    # On one thread the clock is that of the process, so that other work on the machine counts less.
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    start = clock()
    loss(batch).backward()
    return clock() - start


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
    for bf16 in (False, True)[: 1 + cpu_supports_bf16()]:
        for fixed in (False, True):
            name = f"{'fixed' if fixed else 'batch'} statistics, {'bf16' if bf16 else 'fp32'}"
            losses[name] = partscope(jets, fixed, bf16)
            losses[f"compiled, {name}"] = compiled(jets, fixed, bf16)
    times = {name: [] for name in losses}
    for turn in range(options.batches + 1):  # the first round warms up
        chosen = (np.arange(options.batch_size) + turn * options.batch_size) % len(jets)
        # As in training, where micro-batches come from a window of sorted jets: this batch is its own window.
        (rows,) = make_micro_batches(lengths[chosen], options.batch_size, options.micro_batch, rng)
        padded = make_batch(jets[chosen], FULL, JETCLASS, length=128)
        micro_batches = [make_batch(jets[chosen[row]], FULL, JETCLASS) for row in rows]
        for name, loss in losses.items():
            times[name].append(seconds(loss, padded if name == "weaver" else micro_batches))
    print(describe_machine())
    reference = np.array(times["weaver"][1:])
    for name, row in times.items():
        ratio = reference / np.array(row[1:])
        speed = options.batch_size / np.median(row[1:])
        print(f"{name:34}{speed:>6.0f} jets/s   x{np.median(ratio):.2f} ({ratio.min():.2f} to {ratio.max():.2f})")


if __name__ == "__main__":
    main()
