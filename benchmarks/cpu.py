"""Compare the speed of ParT on this CPU with weaver-core's, on the same weights and jets: python benchmarks/cpu.py

The reference is the ParticleTransformer of weaver 0.5.3 in fp32, as `make test` installs it, with the weights of
part-full. Compiled code in bf16 and in int8 (part-int8) is also compared with the same in fp32. With --compiled
weaver's model also runs through torch.compile with dynamic shapes, as its `compile_model=True` does, which takes
minutes the first time. All models alternate in one process, each round on other jets of the bundled sample, padded to
the longest of the batch; the first round warms up. On one thread the clock is that of the process, so that other work
on the machine counts less. Ratios are medians over the rounds with quartiles. Differences are those of the logits from
weaver's, whose spread is printed too; "argmax" is the share of jets that keep their predicted class.
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
from part.benchmarking.machine import describe_machine
from part.jets import make_batch
from part.jets.benchmarks import FULL
from part.jets.features import JetBatch
from part.models.checkpoints.weaver import convert_part
from part.models.numerics.precision import cpu_supports_bf16

ROOT = Path(__file__).parents[1]

BATCHES = (1, 64, 256)
OURS = {  # checkpoint and backend
    "fused": ("part-full", "fused"),
    "fused@bf16": ("part-full@bf16", "fused"),
    "native": ("part-full", "native"),
    "native int8": ("part-int8", "native"),
    **({"native@bf16": ("part-full@bf16", "native")} if cpu_supports_bf16() else {}),
}


class Weaver:
    """The reference with our weights, and the only method of a Tagger that is timed."""

    def __init__(self, weights: dict[str, torch.Tensor], compiled: bool = False):
        module = weaver_module("0.5.3")
        model = module.ParticleTransformer(17, 10, use_pre_activation_pair=False, trim=False, compile_model=compiled)
        for name, tensor in convert_part(model.state_dict(), "weaver").state.items():
            tensor.copy_(weights[name])  # the tensors are renamed, but still those of the model
        self.model = torch.compile(model.eval(), dynamic=True) if compiled else model.eval()

    @torch.no_grad()
    def logits(self, batch: JetBatch) -> torch.Tensor:
        return self.model(batch.x.transpose(1, 2), batch.v.transpose(1, 2), batch.mask[:, None])


def batches(jets: ak.Array, size: int) -> Iterator[JetBatch]:
    for start in range(0, len(jets), size):
        yield make_batch(jets[start : start + size], FULL)


def times(models: dict, jets: ak.Array, size: int, rounds: int) -> dict[str, np.ndarray]:
    """Return milliseconds per jet of each model, one number per round."""
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    rows = {name: [] for name in models}
    for turn in range(rounds + 1):
        batch = make_batch(jets[np.arange(turn * size, (turn + 1) * size) % len(jets)], FULL)
        for name, model in models.items():
            start = clock()
            model.logits(batch)
            rows[name].append((clock() - start) / size * 1000)
    return {name: np.array(row[1:]) for name, row in rows.items()}


def print_speed(models: dict, jets: ak.Array, size: int, rounds: int) -> None:
    rows = times(models, jets, size, rounds)
    references = [name for name in rows if name.startswith("weaver") or name == "native"]
    print(f"\n{f'batch {size}':18}{'ms a jet':>10}" + "".join(f"{f'speed over {name}':>28}" for name in references))
    for name, row in rows.items():
        cells = []
        for reference in references:
            low, middle, high = np.quantile(rows[reference] / row, (0.25, 0.5, 0.75))
            cells.append(f"{f'x{middle:.3g} ({low:.3g} to {high:.3g})':>28}")
        print(f"{name:18}{np.median(row):>10.3g}" + "".join(cells))


def print_agreement(models: dict, jets: ak.Array) -> None:
    logits = {name: torch.cat([model.logits(batch) for batch in batches(jets, 64)]) for name, model in models.items()}
    expected = logits["weaver"]
    print(f"\n{f'{len(jets)} jets':18}{'largest':>10}{'mean difference':>18}{'argmax':>9}")
    for name, logits_of_model in logits.items():
        difference = (logits_of_model - expected).abs()
        same = (logits_of_model.argmax(1) == expected.argmax(1)).float().mean()
        print(f"{name:18}{difference.max():>10.1e}{difference.mean():>18.1e}{100 * same:>8.2f}%")
    print(f"The logits of weaver spread by {expected.std():.2g}.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, nargs=3, default=(40, 10, 3), help=f"for batches of {BATCHES}")
    parser.add_argument("--jets", type=int, default=1000, help="jets whose logits are compared")
    parser.add_argument("--compiled", action="store_true", help="also run weaver's model through torch.compile")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    jets = part.read_jets(ROOT / "data_samples" / "jetclass_like.root")
    jets = jets[np.random.default_rng(0).permutation(len(jets))]
    taggers = {
        name: part.load_model(checkpoint, device="cpu", backend=backend) for name, (checkpoint, backend) in OURS.items()
    }
    weights = taggers["fused"].model.state_dict()
    references = {"weaver": Weaver(weights)} | ({"weaver compiled": Weaver(weights, True)} if options.compiled else {})
    models = references | taggers
    machine = describe_machine()
    print(f"{machine} · {machine.compiler} · {options.threads} thread{'s' if options.threads > 1 else ''}")
    for size, rounds in zip(BATCHES, options.rounds, strict=True):
        print_speed(models, jets, size, rounds)
    lengths = ak.to_numpy(ak.num(jets["part_px"]))[: options.jets]
    print_agreement(models, jets[np.argsort(lengths, kind="stable")])


if __name__ == "__main__":
    main()
