import importlib.util
from dataclasses import dataclass
from pathlib import Path

import pytest

from part.jets.datasets import JETCLASS
from part.simulate.generate import Shard, make_shards


@dataclass(frozen=True)
class Sample:
    """Files of 25 jets of two classes."""

    folder: Path
    seed: int = 5
    jets: int = 25
    classes: tuple[str, ...] = ("QCD", "Hqql")

    def shards(self, folder: Path) -> list[Shard]:
        return [Shard(JETCLASS.name, label, self.seed, self.jets, folder) for label in self.classes]

    @property
    def paths(self) -> list[Path]:
        return [shard.path for shard in self.shards(self.folder)]


@pytest.fixture(scope="session")
def pythia():
    """Skip tests if Pythia 8 is not installed."""
    if importlib.util.find_spec("pythia8mc") is None:
        pytest.skip("pythia8mc is not installed: pip install -r requirements-simulate.txt")


@pytest.fixture(scope="session")
def sample(pythia, tmp_path_factory):
    """Generate a sample with two workers."""
    sample = Sample(tmp_path_factory.mktemp("shards"))
    make_shards(sample.shards(sample.folder), 2, lambda n_jets: None)
    return sample
