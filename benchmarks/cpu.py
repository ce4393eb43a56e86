"""How fast ParT runs on this CPU beside weaver-core's, on the same weights and jets: python benchmarks/cpu.py

weaver is 0.5.3's ParticleTransformer in fp32, as `make test` installs it, with the weights of part-full; with
--compiled also as its `compile_model=True` means it, through torch.compile with dynamic shapes, which takes minutes
the first time. All run in turns in one process, each round on other jets of the shipped sample, as they are and padded
to the longest of the batch; the first round warms up. On one thread the clock is the process's own, so that other
work on the machine counts less. Ratios are medians over the rounds, with quartiles. Differences are those of the
logits from weaver's, of which the spread is told too; bf16 rounds them, and argmax is how often it changes no verdict.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import awkward as ak
import numpy as np
import torch
from helpers.references import weaver_module

import part
from part.benchmarking.machine import machine
from part.jets import make_batch
from part.jets.features import JetBatch
from part.jets.schema import FULL
from part.models.checkpoints.weaver import convert_part
from part.models.numerics.precision import multiplies_bf16

ROOT = Path(__file__).parents[1]

BATCHES = (1, 64, 256)
OURS = {"fused": "fused", "fused@bf16": "fused", "native": "native"} | (
    {"native@bf16": "native"} if multiplies_bf16() else {}
)


class Weaver:
    """The reference with our weights and the one method of a Tagger that is timed."""

    def __init__(self, weights: dict[str, torch.Tensor], compiled: bool = False):
        module = weaver_module("0.5.3")
        model = module.ParticleTransformer(17, 10, use_pre_activation_pair=False, trim=False, compile_model=compiled)
        for name, tensor in convert_part(model.state_dict(), "weaver")[1].items():
            tensor.copy_(weights[name])  # renamed, but still the model's own
        self.model = torch.compile(model.eval(), dynamic=True) if compiled else model.eval()

    @torch.no_grad()
    def logits(self, batch: JetBatch) -> torch.Tensor:
        return self.model(batch.x.transpose(1, 2), batch.v.transpose(1, 2), batch.mask[:, None])


def batches(jets: ak.Array, size: int) -> Iterator[JetBatch]:
    for start in range(0, len(jets), size):
        yield make_batch(jets[start : start + size], FULL)


def times(models: dict, jets: ak.Array, size: int, rounds: int) -> dict[str, np.ndarray]:
    """Milliseconds a jet of each model, a number a round."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    found = {name: [] for name in models}
    for turn in range(rounds + 1):
        batch = make_batch(jets[np.arange(turn * size, (turn + 1) * size) % len(jets)], FULL)
        for name, model in models.items():
            start = clock()
            model.logits(batch)
            found[name].append((clock() - start) / size * 1000)
    return {name: np.array(row[1:]) for name, row in found.items()}


def print_speed(models: dict, jets: ak.Array, size: int, rounds: int) -> None:
    found = times(models, jets, size, rounds)
    references = [name for name in found if name.startswith("weaver")]
    print(f"\n{f'batch {size}':18}{'ms a jet':>10}" + "".join(f"{f'against {name}':>28}" for name in references))
    for name, row in found.items():
        cells = []
        for reference in references:
            low, middle, high = np.quantile(found[reference] / row, (0.25, 0.5, 0.75))
            cells.append(f"{f'x{middle:.3g} ({low:.3g} to {high:.3g})':>28}")
        print(f"{name:18}{np.median(row):>10.3g}" + "".join(cells))


def print_agreement(models: dict, jets: ak.Array) -> None:
    logits = {name: torch.cat([model.logits(batch) for batch in batches(jets, 64)]) for name, model in models.items()}
    expected = logits["weaver"]
    print(f"\n{f'{len(jets)} jets':18}{'largest':>10}{'mean difference':>18}{'argmax':>9}")
    for name, found in logits.items():
        apart = (found - expected).abs()
        same = (found.argmax(1) == expected.argmax(1)).float().mean()
        print(f"{name:18}{apart.max():>10.1e}{apart.mean():>18.1e}{100 * same:>8.2f}%")
    print(f"The logits of weaver spread by {expected.std():.2g}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, nargs=3, default=(40, 10, 3), help=f"for batches of {BATCHES}")
    parser.add_argument("--jets", type=int, default=1000, help="whose logits are compared")
    parser.add_argument("--compiled", action="store_true", help="weaver's through torch.compile too")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    jets = part.read_jets(ROOT / "data_samples" / "jetclass_like.root")
    jets = jets[np.random.default_rng(0).permutation(len(jets))]
    ours = {
        name: part.load_model(f"part-full{name.removeprefix(backend)}", device="cpu", backend=backend)
        for name, backend in OURS.items()
    }
    weights = ours["fused"].model.state_dict()
    theirs = {"weaver": Weaver(weights)} | ({"weaver compiled": Weaver(weights, True)} if options.compiled else {})
    models = theirs | ours
    here = machine()
    print(f"{here} · {here.compiler} · {options.threads} thread{'s' if options.threads > 1 else ''}")
    for size, rounds in zip(BATCHES, options.rounds, strict=True):
        print_speed(models, jets, size, rounds)
    lengths = ak.to_numpy(ak.num(jets["part_px"]))[: options.jets]
    print_agreement(models, jets[np.argsort(lengths, kind="stable")])


if __name__ == "__main__":
    main()
