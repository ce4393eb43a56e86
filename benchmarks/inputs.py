"""Compare simulated jets with JetClass, input by input: python benchmarks/inputs.py --weights ParticleNet_full.pt

The published ParticleNet was trained on the real JetClass: the first BatchNorm of its weights holds mean and variance
of each of its 17 inputs over 128 slots per jet, where slots without a particle are 0. Every particle has one of five
species, so the sum of their means is the share of slots with a particle, from which mean and deviation over particles
follow. They are printed beside those of the given jets. To get the weights: python -m part download weights --part
ParticleNet_full. --figure draws the distributions with the published mean and deviation.
"""

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import part
from part.figures.matplotlib.style import publication_style
from part.figures.palette import LIGHT, PAPER_DARK_TEXT
from part.jets import make_batch
from part.jets.benchmarks import FULL
from part.jets.streaming import chunks, entry_ranges

ROOT = Path(__file__).parents[1]

NAMES = [feature.name.removeprefix("part_") for feature in FULL.features]
SPECIES = [name for name in NAMES if name.startswith("is")]
INTEGERS = ("charge", *SPECIES)
BINS = 60


def inputs(files: list[str]) -> tuple[np.ndarray, int]:
    """Return the inputs of all particles (P, 17), float32, and the number of jets."""
    ranges = entry_ranges(files)
    batches = (make_batch(chunk.jets, FULL) for chunk in chunks(ranges, 2000))
    return np.concatenate([batch.x[batch.mask].numpy() for batch in batches]), sum(map(len, ranges))


def published(weights: str) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each input over JetClass's particles."""
    norm = part.load_model(weights, device="cpu").model.norm
    mean, square = norm.running_mean.double().numpy(), (norm.running_var + norm.running_mean**2).double().numpy()
    share = mean[[NAMES.index(name) for name in SPECIES]].sum()
    return mean / share, np.sqrt(square / share - (mean / share) ** 2)


def draw(x: np.ndarray, mean: np.ndarray, deviation: np.ndarray, path: Path) -> None:
    with publication_style():
        figure = Figure(figsize=(10, 5.6), layout="constrained")
        for axes, name, column, m, d in zip(figure.subplots(3, 6).flat, NAMES, x.T, mean, deviation, strict=False):
            if name in INTEGERS:
                values, counts = np.unique(column, return_counts=True)
                axes.bar(values, counts / len(column), 0.25, color=LIGHT.series[0])
            else:
                low, high = np.quantile(column, (0.001, 0.999))
                span = (min(low, m - d), max(high, m + d))
                axes.hist(column, BINS, range=span, density=True, color=LIGHT.series[0], log=name[:2] in ("d0", "dz"))
            axes.axvspan(m - d, m + d, color=LIGHT.series[1], alpha=0.18, linewidth=0)
            axes.axvline(m, color=LIGHT.series[1], linewidth=1)
            axes.axvline(column.mean(), color=PAPER_DARK_TEXT, linewidth=0.8, linestyle=":")
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
