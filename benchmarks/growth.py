"""How the time for one jet grows with its number of constituents, ParT beside LinParT: python benchmarks/growth.py

Untrained models of the published size, one jet of N made-up constituents, fp32, no gradients; each time is the
best of a few passes, and all models take turns in one process, so that the ratios compare like with like. The
exponent is the slope of log time over log N from 512 on.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from part.models.build import build  # noqa: E402
from part.models.config import LinParTConfig, ParTConfig  # noqa: E402

LENGTHS = (128, 256, 512, 1024, 2048, 4096)


def configs(length: int) -> dict[str, ParTConfig]:
    return {
        "ParT": ParTConfig(),
        "LinParT none, k=32": LinParTConfig(slots=32, pair_bias="none", length=length),
        "LinParT projected, k=16": LinParTConfig(slots=16, pair_bias="projected", length=length),
        "LinParT landmark, k=16": LinParTConfig(slots=16, pair_bias="landmark", length=length),
    }


def jet(n: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(0)
    p3 = 20 * torch.randn(1, n, 3, generator=g) + torch.tensor([50.0, 20.0, 10.0])
    v = torch.cat((p3, (p3.square().sum(-1, keepdim=True) + 0.02).sqrt()), -1)
    return torch.randn(1, n, 17, generator=g), v, torch.ones(1, n, dtype=torch.bool)


@torch.inference_mode()
def seconds(model: torch.nn.Module, inputs: tuple, passes: int) -> float:
    times = []
    for _ in range(passes + 1):  # the first warms up
        start = time.perf_counter()
        model(*inputs)
        times.append(time.perf_counter() - start)
    return min(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    table = {
        n: [seconds(build(c).eval(), jet(n), options.passes) for c in configs(n).values()] for n in options.lengths
    }
    names = list(configs(1))
    print(f"{'N':>6}  " + "  ".join(f"{name:>26}" for name in names))
    for n, row in table.items():
        cells = [f"{1e3 * t:.1f} ms (x{row[0] / t:.1f})" for t in row]
        print(f"{n:>6}  " + "  ".join(f"{cell:>26}" for cell in cells))
    long = [n for n in table if n >= 512] or list(table)
    if len(long) > 1:
        slopes = [np.polyfit(np.log(long), np.log([table[n][i] for n in long]), 1)[0] for i in range(len(names))]
        print(f"{'slope':>6}  " + "  ".join(f"{slope:>26.2f}" for slope in slopes))


if __name__ == "__main__":
    main()
