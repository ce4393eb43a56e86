"""Compare the quality and cost of every bundled model with weaver-core's ParT: python benchmarks/models.py

Quality is measured on jets of the bundled sample. Speed is that of a forward pass on jets padded to the longest of
the batch, on one thread, all models alternating in one process: weaver's time over the model's, as median over the
rounds with quartiles. The reference is the ParticleTransformer of weaver 0.5.3, eager, fp32, untrained, as `make
test` installs it. Memory is what the weights and the tensors of a forward pass of 64 jets hold at once.
"""

import argparse
from functools import partial
from pathlib import Path

import awkward as ak
import numpy as np
import torch
from helpers.references import weaver_module

import part
from part.analysis.statistics.metrics import measure
from part.benchmarking.cost import measure_cost, peak_bytes
from part.benchmarking.machine import describe_machine
from part.benchmarking.timing import time_call
from part.jets import labels, make_batch
from part.jets.benchmarks import FEATURE_SETS
from part.jets.features import JetBatch
from part.models.checkpoints.catalogue import bundled_names

ROOT = Path(__file__).parents[1]

BATCHES = (1, 64, 256)
CPU = torch.device("cpu")


class Weaver:
    """The reference, with those attributes of a Tagger that are measured."""

    workspace_bytes = 0

    def __init__(self):
        module = weaver_module("0.5.3")
        self.model = module.ParticleTransformer(17, 10, use_pre_activation_pair=False, trim=False).eval()

    @torch.inference_mode()
    def logits(self, batch: JetBatch) -> torch.Tensor:
        return self.model(batch.x.transpose(1, 2), batch.v.transpose(1, 2), batch.mask[:, None])


def ratios(models: dict, jets: ak.Array, size: int, rounds: int) -> dict[str, np.ndarray]:
    """Return weaver's time over each model's: median and quartiles over the rounds, each on other jets."""
    times = {name: [] for name in models}
    for turn in range(rounds + 1):  # the first warms up
        selection = jets[np.arange(turn * size, (turn + 1) * size) % len(jets)]
        for name, model in models.items():
            features = getattr(model, "features", FEATURE_SETS["full"])
            times[name].append(time_call(partial(model.logits, make_batch(selection, features)), CPU))
    reference = np.array(times["weaver ParT"][1:])
    return {name: np.quantile(reference / np.array(row[1:]), (0.5, 0.25, 0.75)) for name, row in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", help="default: all bundled ones for JetClass's full inputs")
    parser.add_argument("--jets", type=int, default=1000, help="jets that quality is measured on")
    parser.add_argument("--rounds", type=int, nargs=3, default=(30, 7, 3), help=f"for batches of {BATCHES}")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    jets = part.read_jets(ROOT / "data_samples" / "jetclass_like.root")
    jets = jets[np.random.default_rng(0).permutation(len(jets))]
    taggers = {
        name: part.load_model(name, device="cpu") for name in options.models or [*bundled_names(), "part-full@bf16"]
    }
    if not options.models:
        taggers = {n: t for n, t in taggers.items() if (t.dataset.name, t.features.name) == ("JetClass", "full")}
    models = {"weaver ParT": Weaver()} | taggers
    print(f"{describe_machine()}\n{'':18}" + "".join(f"{f'batch {size}':>24}" for size in BATCHES))
    speed = {size: ratios(models, jets, size, r) for size, r in zip(BATCHES, options.rounds, strict=True)}
    for name in models:
        cells = [f"x{m:.3g} ({low:.3g} to {high:.3g})" for m, low, high in (speed[size][name] for size in BATCHES)]
        print(f"{name:18}" + "".join(f"{cell:>24}" for cell in cells))
    weights = sum(tensor.nbytes for tensor in models["weaver ParT"].model.state_dict().values())
    batch = make_batch(jets[:64], FEATURE_SETS["full"])
    print(f"\n{'':18}{'accuracy':>18}{'macro AUC':>12}{'parameters':>12}{'file MB':>9}{'memory MB':>11}")
    memory = (weights + peak_bytes(models["weaver ParT"], batch)) / 1e6
    print(
        f"{'weaver ParT':18}{'':18}{'':12}{sum(p.numel() for p in models['weaver ParT'].model.parameters()):>12,}"
        f"{weights / 1e6:>9.2f}{memory:>11.0f}"
    )
    for name, tagger in taggers.items():
        selection = jets[: options.jets]
        quality = measure(tagger.predict(selection), labels(selection, tagger.dataset), tagger.dataset)
        cost = measure_cost(tagger, jets[:64])
        accuracy = f"{quality['accuracy']:.3f} ± {quality['accuracy_error']:.3f}"
        print(
            f"{name:18}{accuracy:>18}{quality['macro_auc']:>12.4f}{cost.parameters:>12,}"
            f"{cost.disk / 1e6:>9.2f}{cost.memory / 1e6:>11.0f}"
        )


if __name__ == "__main__":
    main()
