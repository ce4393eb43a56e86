"""The three benchmarks as they are generated: processes, detector and selection of jets.

JetClass (arXiv:2202.03772), TopLandscape (arXiv:1902.09914, Zenodo 2603256), QuarkGluon (arXiv:1810.05165,
Zenodo 3164691). pT is in GeV.
"""

from dataclasses import dataclass

from part.errors import PartError
from part.jets.datasets import JETCLASS, QUARKGLUON, TOPLANDSCAPE
from part.jets.schema import ANGLES, CONSTITUENT_BRANCHES, IDENTITY, MOMENTA, Dataset
from part.simulate import detector
from part.simulate.clustering import JetCuts
from part.simulate.detector import Detector
from part.simulate.processes import JETCLASS_PROCESSES, QUARKGLUON_PROCESSES, TOPLANDSCAPE_PROCESSES, Process


@dataclass(frozen=True)
class Sample:
    """The generation of jets like those of a benchmark.

    Attributes
    ----------
    dataset : Dataset
    processes : tuple of Process
        In the order of the classes of the dataset.
    cuts : JetCuts
    detector : Detector or None
        None for jets of the generated particles.
    branches : tuple of str
        The constituent branches of the files.
    massless : bool
        Whether constituents are stored without masses, as in files that were made from (pT, η, φ).
    first_class : int
        The number of the first class among those of all samples, so that no two classes use the same random numbers.
    """

    dataset: Dataset
    processes: tuple[Process, ...]
    cuts: JetCuts
    detector: Detector | None
    branches: tuple[str, ...]
    massless: bool
    first_class: int

    def number(self, label: str) -> int:
        """Return the class index of a class name."""
        return self.dataset.classes.index(label)

    def process(self, label: str) -> Process:
        """Return the process of a class name."""
        return self.processes[self.number(label)]

    def file_name(self, label: str, seed: int) -> str:
        """Return the name of the file of a class; only JetClass is not part of it."""
        prefix = "" if self.dataset is JETCLASS else f"{self.dataset.name}_"
        return f"{prefix}{label}_seed{seed}.root"


_JETCLASS = Sample(
    JETCLASS, JETCLASS_PROCESSES, JetCuts(0.8, (500.0, 1000.0), 2.0), detector.CMS, CONSTITUENT_BRANCHES, False, 0
)
_TOPLANDSCAPE = Sample(
    TOPLANDSCAPE, TOPLANDSCAPE_PROCESSES, JetCuts(0.8, (550.0, 650.0), 2.0), detector.ATLAS, MOMENTA + ANGLES, True, 10
)
_QUARKGLUON = Sample(
    QUARKGLUON,
    QUARKGLUON_PROCESSES,
    JetCuts(0.4, (500.0, 550.0), 1.7, rapidity=True),
    None,
    (*MOMENTA, *ANGLES, *IDENTITY, "part_pid"),
    True,
    12,
)
SAMPLES = {sample.dataset.name: sample for sample in (_JETCLASS, _TOPLANDSCAPE, _QUARKGLUON)}


def parse_classes(text: str, sample: Sample) -> tuple[str, ...]:
    """Return the class names of `all`, or of a comma list such as `QCD,Hbb`, each once. Raises PartError."""
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
