"""Compare the jets per second that our loaders and weaver-core's read from a file: python benchmarks/loader.py

All decode the same ROOT file of JetClass-like jets, compute the 17 inputs and the four-momenta, shuffle, and return
batches, in one process on one thread, alternating. weaver's loader has the configuration of the published trainings:
their standardisation, wrapped padding to 128, batches of 512. Ours are the loader of the training, and `read_jets`
followed by `make_batch`, also padded to 128, once without and once with the same data config. No decoded jets are kept
between passes. Times are those of the process, because other processes may use the CPU; the ratio of wall-clock times
is printed as well.
"""

import argparse
import cProfile
import logging
import pstats
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import awkward as ak
import torch
from helpers.weaver_config import weaver_config

from part.benchmarking.machine import describe_machine
from part.jets.benchmarks import BENCHMARKS, FULL
from part.jets.config.config import DataConfig
from part.jets.datasets import JETCLASS
from part.jets.features import JetBatch, make_batch
from part.jets.readers import cluster_boundaries, read_jets
from part.jets.schema import JET_MOMENTUM, MAX_CONSTITUENTS
from part.jets.streaming import entry_ranges
from part.simulate.writing import write_jets
from part.training.data.batches import Batches
from part.training.data.decode import Decoder
from part.training.data.stream import JetStream, split_into_blocks

ROOT = Path(__file__).parents[1]

BATCH = 512
NUMBA = "weaver-core's loader needs numba: pip install --no-deps --target .venv/witness/extra numba llvmlite"
# The functions whose time makes up each stage; inflating happens within reading.
STAGES = {
    "weaver": {
        "inflating": ("<built-in method zlib.decompress>",),
        "reading": ("_read_files",),
        "inputs": ("_build_new_variables",),
        "scaling, padding": ("_finalize_inputs",),
        "batches": ("get_data", "default_collate"),
    },
    "training": {
        "inflating": ("<built-in method deflate._deflate.zlib_decompress>",),
        "reading": ("open_root", "read_branches"),
        "checks": ("to_jets",),
        "inputs": ("make_ragged",),
        "batches": ("padding_indices", "<method 'take' of 'numpy.ndarray' objects>"),
    },
}


def sample(path: Path) -> Path:
    """Write the bundled jets four times with ROOT's default compression; the bundled file is compressed harder."""
    jets = read_jets(ROOT / "data_samples" / "jetclass_like.root")
    write_jets(path, ak.concatenate([jets] * 4))
    return path


def weaver_loader(file: Path, folder: Path):
    import yaml

    try:
        from weaver.utils import dataset
    except ModuleNotFoundError as error:
        raise SystemExit(NUMBA) from error

    config = folder / "jetclass.yaml"
    config.write_text(yaml.safe_dump(weaver_config("full", JETCLASS.labels), sort_keys=False))
    jets = dataset.SimpleIterDataset(
        {"jets": [str(file)]}, str(config), for_training=True, fetch_step=1.0, async_load=False, name="benchmark"
    )
    return torch.utils.data.DataLoader(jets, batch_size=BATCH, drop_last=True)


def training_loader(file: Path, count: int) -> Batches:
    blocks = split_into_blocks(entry_ranges([str(file)]), boundaries={str(file): cluster_boundaries(file)})
    stream = JetStream(blocks, Decoder(FULL, JETCLASS, memory=0))
    return Batches(stream, 0, count // BATCH * BATCH, BATCH, 32)


class Interactive:
    """`read_jets` and `make_batch`, BATCH jets at a time; with a data config it is that of weaver's loader."""

    def __init__(self, file: Path, config: DataConfig | None = None):
        self.file, self.config = file, config
        self.features = FULL if config is None else config.feature_set()

    def __iter__(self) -> Iterator[list[JetBatch]]:
        names = {*FULL.branches, *JET_MOMENTUM, *JETCLASS.labels}
        jets = read_jets(self.file, branches=names) if self.config is None else read_jets(self.file, config=self.config)
        for start in range(0, len(jets), BATCH):
            yield [make_batch(jets[start : start + BATCH], self.features, JETCLASS, MAX_CONSTITUENTS)]


def time_pass(loader) -> tuple[float, float]:
    """Return jets per second of the process, and per second of wall-clock time."""
    clock, start, jets = time.perf_counter(), time.process_time(), 0
    for batch in loader:
        inputs = batch[0]  # weaver's batches hold a tensor per group of inputs
        jets += len(inputs["pf_features"]) if isinstance(inputs, dict) else sum(map(len, batch))
    return jets / (time.process_time() - start), jets / (time.perf_counter() - clock)


def shares(loader, stages: dict[str, tuple[str, ...]]) -> dict[str, float]:
    """Return each stage's share of the time of a pass."""
    with cProfile.Profile() as profile:
        # `_batches` runs without the thread that prepares batches, which the profiler does not see.
        for _ in loader._batches() if isinstance(loader, Batches) else loader:
            pass
    stats = pstats.Stats(profile)
    rows = [(function, row[3]) for (_, _, function), row in stats.stats.items()]
    seconds = {stage: sum(s for name, s in rows if name in functions) for stage, functions in stages.items()}
    seconds["reading"] -= seconds["inflating"]
    seconds["the rest"] = stats.total_tt - sum(seconds.values())
    return {stage: value / stats.total_tt for stage, value in seconds.items()}


def spread(values: list[float]) -> str:
    return f"{min(values):.2f} to {max(values):.2f}"


def report(speeds: dict[str, list[tuple[float, float]]]) -> None:
    for name, passes in speeds.items():
        values = [speed for speed, _ in passes]
        print(f"{name:12}{statistics.median(values):>8.0f} jets/s ({min(values):.0f} to {max(values):.0f})")
    for name in list(speeds)[1:]:
        pairs = list(zip(speeds[name], speeds["weaver"], strict=True))
        ratios, clock = ([speed[i] / weaver_speed[i] for speed, weaver_speed in pairs] for i in range(2))
        line = f"{name} / weaver: x{statistics.median(ratios):.2f} ({spread(ratios)})"
        print(f"{line}, wall clock x{statistics.median(clock):.2f} ({spread(clock)})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, help="jets in JetClass's form (default: the bundled sample, zlib)")
    parser.add_argument("--passes", type=int, default=9)
    parser.add_argument("--profile", action="store_true", help="also print each stage's share of the time")
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        file = options.file or sample(Path(folder) / "jets.root")
        count = sum(map(len, entry_ranges([str(file)])))
        loaders = {
            "weaver": weaver_loader(file, Path(folder)),
            "training": training_loader(file, count),
            "interactive": Interactive(file),
            "data config": Interactive(file, BENCHMARKS["JetClass_full"]),
        }
        speeds = {name: [] for name in loaders}
        for _ in range(options.passes + 1):
            for name, loader in loaders.items():
                speeds[name].append(time_pass(loader))
        print(describe_machine())
        report({name: passes[1:] for name, passes in speeds.items()})  # the first warms up
        for name, stages in STAGES.items() if options.profile else ():
            texts = (f"{stage} {share:.0%}" for stage, share in shares(loaders[name], stages).items())
            print(f"{name}: " + ", ".join(texts))


if __name__ == "__main__":
    main()
