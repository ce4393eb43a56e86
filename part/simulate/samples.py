"""The three benchmarks as they are generated: what collides and decays, what sees it, and which jets are kept.

JetClass (arXiv:2202.03772), TopLandscape (arXiv:1902.09914, Zenodo 2603256), QuarkGluon (arXiv:1810.05165,
Zenodo 3164691). pT in GeV.
"""

from dataclasses import dataclass

from part.errors import PartError
from part.jets.schema import CONSTITUENT_BRANCHES, JETCLASS, KIN, KINPIDPLUS, QUARKGLUON, TOPLANDSCAPE, Dataset
from part.simulate import detector
from part.simulate.clustering import Cuts
from part.simulate.detector import Detector
from part.simulate.processes import JETCLASS_PROCESSES, QUARKGLUON_PROCESSES, TOPLANDSCAPE_PROCESSES, Process


@dataclass(frozen=True)
class Sample:
    """How jets like a benchmark's are made.

    processes: in the order of the dataset's classes. detector: None for jets of the generated particles.
    branches: of the constituents. massless: whether the files give constituents no masses, as those do that were made
    from (pT, η, φ). first: the number of the first class among those of all samples, so that no two share their
    random numbers.
    """

    dataset: Dataset
    processes: tuple[Process, ...]
    cuts: Cuts
    detector: Detector | None
    branches: tuple[str, ...]
    massless: bool
    first: int

    def number(self, label: str) -> int:
        return self.dataset.classes.index(label)

    def process(self, label: str) -> Process:
        return self.processes[self.number(label)]

    def file(self, label: str, seed: int) -> str:
        """The name of a shard; other samples than JetClass's say which they are."""
        prefix = "" if self.dataset is JETCLASS else f"{self.dataset.name}_"
        return f"{prefix}{label}_seed{seed}.root"


_JETCLASS = Sample(
    JETCLASS, JETCLASS_PROCESSES, Cuts(0.8, (500.0, 1000.0), 2.0), detector.CMS, CONSTITUENT_BRANCHES, False, 0
)
_TOPLANDSCAPE = Sample(
    TOPLANDSCAPE, TOPLANDSCAPE_PROCESSES, Cuts(0.8, (550.0, 650.0), 2.0), detector.ATLAS, KIN.branches, True, 10
)
_QUARKGLUON = Sample(
    QUARKGLUON, QUARKGLUON_PROCESSES, Cuts(0.4, (500.0, 550.0), 1.7, rapidity=True), None, KINPIDPLUS.branches, True, 12
)
SAMPLES = {sample.dataset.name: sample for sample in (_JETCLASS, _TOPLANDSCAPE, _QUARKGLUON)}


def parse_classes(text: str, sample: Sample) -> tuple[str, ...]:
    """Class names from a command line: `all`, or a comma list such as `QCD,Hbb`, each once."""
    classes = sample.dataset.classes
    if text == "all":
        return classes
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in classes:
            raise PartError(
                f"--classes: {sample.dataset.name} has no class {name!r}; expected all or some of {', '.join(classes)}."
            )
    return names
