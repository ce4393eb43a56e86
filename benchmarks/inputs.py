"""How like JetClass simulated jets are, input by input: python benchmarks/inputs.py --weights ParticleNet_full.pt

The published ParticleNet has seen the real JetClass: the first BatchNorm of its weights holds mean and variance of each
of its 17 inputs, over 128 slots a jet of which those without a particle are 0. The share of slots with one is the sum
of the means of the five species, of which every particle has one; so mean and deviation over particles follow, too.
Beside these go the same of the given jets. The weights: python -m part download weights --part ParticleNet_full.
--figure draws the distributions with the published mean and deviation.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import part
from part.figures.matplotlib.style import style
from part.jets import make_batch
from part.jets.schema import FULL
from part.jets.streaming import chunks, spans

ROOT = Path(__file__).parents[1]

NAMES = [feature.name.removeprefix("part_") for feature in FULL.features]
SPECIES = [name for name in NAMES if name.startswith("is")]
WHOLE = ("charge", *SPECIES)  # whole numbers
BINS = 60


def inputs(files: list[str]) -> tuple[np.ndarray, int]:
    """Of all particles (P, 17), float32, and how many jets."""
    found = spans(files)
    batches = (make_batch(chunk.jets, FULL) for chunk in chunks(found, 2000))
    return np.concatenate([batch.x[batch.mask].numpy() for batch in batches]), sum(map(len, found))


def published(weights: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each input over JetClass's particles."""
    norm = part.load_model(weights, device="cpu").model.norm
    mean, square = norm.running_mean.double().numpy(), (norm.running_var + norm.running_mean**2).double().numpy()
    share = mean[[NAMES.index(name) for name in SPECIES]].sum()
    return mean / share, np.sqrt(square / share - (mean / share) ** 2)


def draw(x: np.ndarray, mean: np.ndarray, deviation: np.ndarray, path: Path) -> None:
    with style():
        figure = Figure(figsize=(10, 5.6), layout="constrained")
        for axes, name, column, m, d in zip(figure.subplots(3, 6).flat, NAMES, x.T, mean, deviation, strict=False):
            if name in WHOLE:
                values, counts = np.unique(column, return_counts=True)
                axes.bar(values, counts / len(column), 0.25, color="#2a6fdb")
            else:
                low, high = np.quantile(column, (0.001, 0.999))
                span = (min(low, m - d), max(high, m + d))
                axes.hist(column, BINS, range=span, density=True, color="#2a6fdb", log=name[:2] in ("d0", "dz"))
            axes.axvspan(m - d, m + d, color="#c8601a", alpha=0.18, linewidth=0)
            axes.axvline(m, color="#c8601a", linewidth=1)
            axes.axvline(column.mean(), color="black", linewidth=0.8, linestyle=":")
            axes.set_title(name, fontsize=7)
            axes.tick_params(labelsize=5)
        for axes in figure.axes[len(NAMES) :]:
            axes.set_axis_off()
        figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jets", nargs="+", default=[str(ROOT / "data_samples" / "jetclass_like.root")])
    parser.add_argument("--weights", required=True, help="the published ParticleNet_full.pt")
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    mean, deviation = published(options.weights)
    x, jets = inputs(options.jets)
    print(f"{jets} jets\n{'':16}{'mean':>9}{'JetClass':>10}{'off by':>9}{'deviation':>12}{'JetClass':>10}{'ratio':>8}")
    for name, column, m, d in zip(NAMES, x.T, mean, deviation, strict=True):
        own, spread = column.mean(dtype=float), column.std(dtype=float)
        print(f"{name:16}{own:>9.4f}{m:>10.4f}{(own - m) / d:>8.3f}σ{spread:>12.4f}{d:>10.4f}{spread / d:>8.3f}")
    if options.figure:
        draw(x, mean, deviation, options.figure)


if __name__ == "__main__":
    main()
