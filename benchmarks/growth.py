"""Measure how the time for one jet grows with its constituents, ParT and LinParT: python benchmarks/growth.py

Untrained models of the published size process one jet of N random constituents in fp32 without gradients, alternating
in one process. Printed are the median time, and ParT's time over it as median with quartiles; the exponents are
fitted to the upper half of the lengths, at least three.
"""

import argparse
from functools import partial

import numpy as np
import torch

from part.benchmarking.inputs import random_batch
from part.benchmarking.machine import describe_machine
from part.benchmarking.scaling import power_law_exponent
from part.benchmarking.timing import Timing, time_call, time_interleaved
from part.models.build import build
from part.models.config import ParTConfig
from part.models.linpart import LinParTConfig

LENGTHS = (128, 256, 512, 1024, 2048, 4096)


def configs(length: int) -> dict[str, ParTConfig]:
    return {
        "ParT": ParTConfig(),
        "LinParT none, k=32": LinParTConfig(slots=32, pair_bias="none", length=length),
        "LinParT projected, k=16": LinParTConfig(slots=16, pair_bias="projected", length=length),
        "LinParT landmark, k=16": LinParTConfig(slots=16, pair_bias="landmark", length=length),
    }


@torch.inference_mode()
def times(n: int, passes: int) -> dict[str, Timing]:
    jet, cpu = random_batch(17, 1, n), torch.device("cpu")
    models = {name: build(config).eval() for name, config in configs(n).items()}
    runs = {name: partial(time_call, partial(m, jet.x, jet.v, jet.mask), cpu) for name, m in models.items()}
    return time_interleaved(runs, passes, warmup=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(describe_machine())
    rows = {n: times(n, options.passes) for n in options.lengths}
    for n, row in rows.items():
        print(f"\n{n} constituents")
        for name, timing in row.items():
            ratio = np.array(row["ParT"].seconds) / np.array(timing.seconds)
            low, middle, high = np.quantile(ratio, (0.25, 0.5, 0.75))
            print(f"{name:26}{1e3 * timing.median:>10.1f} ms   x{middle:.2f} ({low:.2f} to {high:.2f})")
    print()
    for name in configs(1):
        if fit := power_law_exponent(np.array(list(rows)), np.array([row[name].median for row in rows.values()])):
            print(f"{name:26}time as N to the {fit} at 95 %, over {fit.points} lengths")


if __name__ == "__main__":
    main()
