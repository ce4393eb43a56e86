"""Measure what studies save over plain forward passes: python benchmarks/studies.py

Plain means the whole model for each ablation, with a tap, and for each subset of particles. Both ways alternate in one
process on one thread, with the same numbers to rounding.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import part
from part.analysis.attribution.task import make_task
from part.analysis.intervention.ablation import AblationTarget, ablate
from part.benchmarking.machine import describe_machine
from part.inference.forward import HEAD_OUTPUT, CachedForward

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="part-full")
    parser.add_argument("--jets", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    tagger = part.load_model(options.model, "cpu", backend="fused")
    jets = part.read_jets(ROOT / "data_samples" / "jetclass_like.root", stop=options.jets)
    layers, heads = tagger.config.layers, tagger.config.heads
    targets = [AblationTarget("head", layer, head) for layer in range(layers) for head in range(heads)]

    def plain_heads() -> torch.Tensor:
        batch = CachedForward(tagger, jets).batch
        return torch.stack([tagger.logits(batch, _without(target)).softmax(-1) for target in targets])

    def fast_heads() -> torch.Tensor:
        return ablate(CachedForward(tagger, jets, {HEAD_OUTPUT}), jets, targets)

    def plain_subsets() -> torch.Tensor:
        task = make_task(tagger, jets[:1])
        left = [~torch.eye(len(task), dtype=torch.bool)[i] for i in range(len(task))]
        with torch.no_grad():
            return torch.cat([task.target(tagger.model(task.x, task.v, mask[None])) for mask in left])

    def fast_subsets() -> torch.Tensor:
        task = make_task(tagger, jets[:1])
        return task.value_of_subset(1 - torch.eye(len(task)))

    print(describe_machine())
    for name, plain, fast in (
        (f"all heads of {len(jets)} jets", plain_heads, fast_heads),
        ("one jet without each particle", plain_subsets, fast_subsets),
    ):
        compare(name, plain, fast, options.rounds)


def compare(name: str, plain: Callable[[], torch.Tensor], fast: Callable[[], torch.Tensor], rounds: int) -> None:
    """Print the ratio of the processor times of two ways, and the largest difference of their numbers."""
    gap = (plain() - fast()).abs().max()
    ratios = [_seconds(plain) / _seconds(fast) for _ in range(rounds)]
    low, middle, high = np.quantile(ratios, (0, 0.5, 1))
    print(f"{name:32} x{middle:.2f} ({low:.2f} to {high:.2f}), numbers differ by up to {gap:.0e}")


def _seconds(function: Callable[[], torch.Tensor]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def _without(target: AblationTarget) -> Callable[[str, torch.Tensor], torch.Tensor]:
    """Return the tap that sets the output of one head to zero."""

    def tap(name: str, tensor: torch.Tensor) -> torch.Tensor:
        if name != f"blocks.{target.layer}.{HEAD_OUTPUT}":
            return tensor
        changed = tensor.clone()
        changed[:, target.head] = 0
        return changed

    return tap


if __name__ == "__main__":
    main()
