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
sys.path[:0] = [str(ROOT), str(ROOT / ".venv/witness/0.5.3"), str(ROOT / ".venv/witness/extra")]

from part.jets.readers import compressed_together, read_jets  # noqa: E402
from part.jets.schema import FULL, JETCLASS, MOMENTA  # noqa: E402
from part.simulate.writing import write_jets  # noqa: E402
from part.streaming import spans  # noqa: E402
from part.training.batches import Batches  # noqa: E402
from part.training.decode import Decoder  # noqa: E402
from part.training.stream import JetStream, cut  # noqa: E402

BATCH = 512
NEW = {
    "part_mask": "ak.ones_like(part_energy)",
    "part_pt": "np.hypot(part_px, part_py)",
    "part_pt_log": "np.log(part_pt)",
    "part_e_log": "np.log(part_energy)",
    "part_logptrel": "np.log(part_pt/jet_pt)",
    "part_logerel": "np.log(part_energy/jet_energy)",
    "part_deltaR": "np.hypot(part_deta, part_dphi)",
    "part_d0": "np.tanh(part_d0val)",
    "part_dz": "np.tanh(part_dzval)",
}


def weaver_config() -> dict:
    """FULL and JETCLASS in weaver's words."""
    features = []
    for f in FULL.features:
        scaled = f.subtract or f.multiply != 1.0 or f.low == 0.0
        features.append([f.name, f.subtract if scaled else None, f.multiply, f.low, f.high])
    inputs = {
        "pf_features": {"pad_mode": "wrap", "length": 128, "vars": features},
        "pf_vectors": {"pad_mode": "wrap", "length": 128, "vars": [[name, None] for name in MOMENTA]},
        "pf_mask": {"pad_mode": "constant", "length": 128, "vars": [["part_mask", None]]},
    }
    manual = {"method": "manual", "data_fraction": 1}
    return {
        "preprocess": manual,
        "new_variables": NEW,
        "inputs": inputs,
        "labels": {"type": "simple", "value": list(JETCLASS.labels)},
    }


def sample(path: Path) -> Path:
    """The shipped jets, which are compressed harder than most are, as ROOT does it by default, four times over."""
    jets = read_jets(ROOT / "data_samples" / "jetclass_like.root")
    write_jets(path, ak.concatenate([jets] * 4))
    return path


def weaver_loader(file: Path, folder: Path):
    import yaml
    from weaver.utils import dataset

    config = folder / "jetclass.yaml"
    config.write_text(yaml.safe_dump(weaver_config(), sort_keys=False))
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
        jets += len(inputs["pf_features"]) if isinstance(inputs, dict) else sum(map(len, batch))
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
