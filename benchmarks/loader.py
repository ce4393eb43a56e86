"""How many jets a second come out of a file, beside weaver-core's loader on the same one: python benchmarks/loader.py

Both decode the same ROOT file of JetClass-like jets, compute the 17 inputs and the four-momenta, shuffle, and give
batches, in one process and on one thread; a pass each in turns, the medians over the passes. weaver's comes with the
configuration that the published trainings use: their standardisation, wrapped padding to 128, batches of 512. It needs
numba, with no other version of numpy: pip install --no-deps --target .venv/witness/extra numba llvmlite
"""

import argparse
import logging
import statistics
import sys
import tempfile
import time
from pathlib import Path

import awkward as ak
import torch

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / place) for place in (".", "tests", ".venv/witness/0.5.3", ".venv/witness/extra")]

from weaver_words import weaver_config  # noqa: E402

from part.jets.readers import compressed_together, read_jets  # noqa: E402
from part.jets.schema import FULL, JETCLASS  # noqa: E402
from part.simulate.writing import write_jets  # noqa: E402
from part.streaming import spans  # noqa: E402
from part.training.batches import Batches  # noqa: E402
from part.training.decode import Decoder  # noqa: E402
from part.training.stream import JetStream, cut  # noqa: E402

BATCH = 512


def sample(path: Path) -> Path:
    """The shipped jets, which are compressed harder than most are, as ROOT does it by default, four times over."""
    jets = read_jets(ROOT / "data_samples" / "jetclass_like.root")
    write_jets(path, ak.concatenate([jets] * 4))
    return path


def weaver_loader(file: Path, folder: Path):
    import yaml
    from weaver.utils import dataset

    config = folder / "jetclass.yaml"
    manual = {"preprocess": {"method": "manual", "data_fraction": 1}}
    config.write_text(yaml.safe_dump(weaver_config("full", JETCLASS.labels) | manual, sort_keys=False))
    jets = dataset.SimpleIterDataset(
        {"jets": [str(file)]}, str(config), for_training=True, fetch_step=1.0, async_load=False, name="benchmark"
    )
    return torch.utils.data.DataLoader(jets, batch_size=BATCH, drop_last=True)


def our_loader(file: Path, count: int) -> Batches:
    blocks = cut(spans([str(file)]), edges={str(file): compressed_together(file)})
    stream = JetStream(blocks, Decoder(FULL, JETCLASS, memory=0))
    return Batches(stream, 0, count // BATCH * BATCH, BATCH, 32)


def a_pass(loader) -> tuple[int, float]:
    """Jets, and seconds."""
    start, jets = time.perf_counter(), 0
    for batch in loader:
        inputs = batch[0]  # weaver's are a tensor for each group
        jets += len(inputs["features"]) if isinstance(inputs, dict) else sum(map(len, batch))
    return jets, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, help="of jets in JetClass's form (default: the shipped sample, as zlib)")
    parser.add_argument("--passes", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder:
        file = options.file or sample(Path(folder) / "jets.root")
        count = sum(map(len, spans([str(file)])))
        loaders = {"weaver": weaver_loader(file, Path(folder)), "ours": our_loader(file, count)}
        speeds = {name: [] for name in loaders}
        for _ in range(options.passes + 1):  # the first warms up
            for name, loader in loaders.items():
                jets, seconds = a_pass(loader)
                speeds[name].append(jets / seconds)
    ratios = [a / b for a, b in zip(speeds["ours"][1:], speeds["weaver"][1:], strict=True)]
    for name, values in speeds.items():
        print(f"{name:8}{statistics.median(values[1:]):>8.0f} jets/s")
    print(f"ratio   x{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
