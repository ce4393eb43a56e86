"""Measure what `trace` costs over a plain forward pass: python benchmarks/trace.py

The same jets, all of about one length, go through the same model with a tap that records every layer's scores,
patterns, bias and values, and without it: with the "explicit" attention, which `trace` uses, and with torch's fused
kernel, whose weights cannot be recorded. They alternate in one process on one thread.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch

import part
from part.benchmarking.machine import describe_machine
from part.benchmarking.timing import time_call, time_interleaved
from part.inference.trace import trace_model
from part.jets import make_batch
from part.models.attention import set_backend

ROOT = Path(__file__).parents[1]

CPU = torch.device("cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="part-full")
    parser.add_argument("--batches", type=int, nargs="+", default=(1, 16))
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    jets = part.read_jets(ROOT / "data_samples" / "jetclass_like.root")
    near = np.argsort([abs(len(jet["part_px"]) - 48) for jet in jets[:1000]])
    taggers = {backend: part.load_model(options.model, "cpu", backend) for backend in ("explicit", "fused")}
    for backend, tagger in taggers.items():
        set_backend(tagger.model, backend)
    print(describe_machine())
    for size in options.batches:
        batch = make_batch(jets[near[:size]], taggers["fused"].features)
        passes = {name: partial(time_call, partial(tagger.logits, batch), CPU) for name, tagger in taggers.items()}
        traced = partial(trace_model, taggers["explicit"].model, batch.x, batch.v, batch.mask, "fp32")
        times = time_interleaved(passes | {"trace": partial(time_call, traced, CPU)}, options.rounds, warmup=3)
        print(f"\n{size} jet{'s' if size > 1 else ''} of about 48 constituents")
        for name in ("fused", "explicit", "trace"):
            row = times[name]
            ratio = np.array(row.seconds) / np.array(times["explicit"].seconds)
            low, middle, high = np.quantile(ratio, (0.25, 0.5, 0.75))
            print(f"{name:10}{1e3 * row.median:>8.2f} ms   x{middle:.2f} ({low:.2f} to {high:.2f}) of explicit")


if __name__ == "__main__":
    main()
