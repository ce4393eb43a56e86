"""What every shipped model gives and costs beside weaver-core's ParT: python benchmarks/models.py

Quality on jets of the shipped sample; speed of a forward pass on jets as they are, padded to the longest of the batch,
on one thread, all models in turns in one process: the median over the rounds of weaver's time over the model's, with
its quartiles. weaver is 0.5.3's ParticleTransformer, eager, fp32, untrained, as `make test` installs it. Memory is
what weights and tensors of a forward pass of 64 jets hold at once.
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
from part.benchmarking.cost import cost, peak_bytes
from part.benchmarking.machine import machine
from part.benchmarking.timing import one_pass
from part.jets import labels, make_batch
from part.jets.features import JetBatch
from part.jets.schema import FEATURE_SETS
from part.models.checkpoints.checkpoint import shipped

ROOT = Path(__file__).parents[1]

BATCHES = (1, 64, 256)
CPU = torch.device("cpu")


class Weaver:
    """The reference, with what of a Tagger is measured."""

    scratch = 0

    def __init__(self):
        module = weaver_module("0.5.3")
        self.model = module.ParticleTransformer(17, 10, use_pre_activation_pair=False, trim=False).eval()

    @torch.inference_mode()
    def logits(self, batch: JetBatch) -> torch.Tensor:
        return self.model(batch.x.transpose(1, 2), batch.v.transpose(1, 2), batch.mask[:, None])


def ratios(models: dict, jets: ak.Array, size: int, rounds: int) -> dict[str, np.ndarray]:
    """weaver's time over each model's: median and quartiles over the rounds, each with other jets."""
    times = {name: [] for name in models}
    for turn in range(rounds + 1):  # the first warms up
        some = jets[np.arange(turn * size, (turn + 1) * size) % len(jets)]
        for name, model in models.items():
            features = getattr(model, "features", FEATURE_SETS["full"])
            times[name].append(one_pass(partial(model.logits, make_batch(some, features)), CPU))
    reference = np.array(times["weaver ParT"][1:])
    return {name: np.quantile(reference / np.array(row[1:]), (0.5, 0.25, 0.75)) for name, row in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", help="default: all that ship for JetClass's full inputs")
    parser.add_argument("--jets", type=int, default=1000, help="that quality is measured on")
    parser.add_argument("--rounds", type=int, nargs=3, default=(30, 7, 3), help=f"for batches of {BATCHES}")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    jets = part.read_jets(ROOT / "data_samples" / "jetclass_like.root")
    jets = jets[np.random.default_rng(0).permutation(len(jets))]
    taggers = {name: part.load_model(name, device="cpu") for name in options.models or [*shipped(), "part-full@bf16"]}
    if not options.models:
        taggers = {n: t for n, t in taggers.items() if (t.dataset.name, t.features.name) == ("JetClass", "full")}
    models = {"weaver ParT": Weaver()} | taggers
    print(f"{machine()}\n{'':18}" + "".join(f"{f'batch {size}':>24}" for size in BATCHES))
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
        some = jets[: options.jets]
        found = measure(tagger.predict(some), labels(some, tagger.dataset), tagger.dataset)
        told = cost(tagger, jets[:64])
        accuracy = f"{found['accuracy']:.3f} ± {found['accuracy_error']:.3f}"
        print(
            f"{name:18}{accuracy:>18}{found['macro_auc']:>12.4f}{told.parameters:>12,}"
            f"{told.disk / 1e6:>9.2f}{told.memory / 1e6:>11.0f}"
        )


if __name__ == "__main__":
    main()
