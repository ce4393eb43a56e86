"""The schema of jets: datasets, branches, classes and feature sets.

Sources: JetClass (arXiv:2202.03772, Zenodo 6619768), TopLandscape (arXiv:1902.09914, Zenodo 2603256),
QuarkGluon (arXiv:1810.05165, Zenodo 3164691). The scalings are those of the published trainings.
Energies and momenta are in GeV, impact parameters in mm, angles in radians.
"""

from dataclasses import dataclass

MAX_CONSTITUENTS = 128
CLIP = 5.0  # standardised inputs are clipped to [-CLIP, CLIP]

MOMENTA = ("part_px", "part_py", "part_pz", "part_energy")
JET_MOMENTUM = ("jet_pt", "jet_eta", "jet_phi", "jet_energy")
ANGLES = ("part_deta", "part_dphi")
IDENTITY = (
    "part_charge",
    "part_isChargedHadron",
    "part_isNeutralHadron",
    "part_isPhoton",
    "part_isElectron",
    "part_isMuon",
)
DISPLACEMENT = ("part_d0val", "part_d0err", "part_dzval", "part_dzerr")
CONSTITUENT_BRANCHES = MOMENTA + ANGLES + DISPLACEMENT + IDENTITY
SPECIES = ("charged hadron", "neutral hadron", "photon", "electron", "muon")  # in the order of IDENTITY[1:]


@dataclass(frozen=True)
class Feature:
    """One model input: (value - subtract) * multiply, clipped to [low, high].

    Attributes
    ----------
    name : str
        What the value is; see `part.jets.inputs`.
    subtract, multiply : float
        The standardisation.
    low, high : float
        The range after it.
    """

    name: str
    subtract: float = 0.0
    multiply: float = 1.0
    low: float = -CLIP
    high: float = CLIP


@dataclass(frozen=True)
class FeatureSet:
    """The inputs of a model.

    Attributes
    ----------
    name : str
        `kin`, `kinpid`, `kinpidplus` or `full`.
    features : tuple of Feature
        The inputs in the order of the last axis of `JetBatch.x`.
    branches : tuple of str
        The constituent branches that they are computed from.
    """

    name: str
    features: tuple[Feature, ...]
    branches: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.features)


_INF = float("inf")


def _unscaled(name: str) -> Feature:
    return Feature(name, low=-_INF, high=_INF)


_KINEMATIC = (
    Feature("part_pt_log", 1.7, 0.7),
    Feature("part_e_log", 2.0, 0.7),
    Feature("part_logptrel", -4.7, 0.7),
    Feature("part_logerel", -4.7, 0.7),
    Feature("part_deltaR", 0.2, 4.0),
)
_ANGLES = tuple(_unscaled(name) for name in ANGLES)
_IDENTITY = tuple(_unscaled(name) for name in IDENTITY)
_DISPLACEMENT = (
    _unscaled("part_d0"),  # tanh(d0val)
    Feature("part_d0err", low=0.0, high=1.0),
    _unscaled("part_dz"),  # tanh(dzval)
    Feature("part_dzerr", low=0.0, high=1.0),
)

KIN = FeatureSet("kin", _KINEMATIC + _ANGLES, MOMENTA + ANGLES)
KINPID = FeatureSet("kinpid", _KINEMATIC + _IDENTITY + _ANGLES, MOMENTA + ANGLES + IDENTITY)
# The same 13 inputs, but the hadron flags depend on the species: charged 1 (pi), 0.5 (K), 0.2 (p); neutral 1 (K_L),
# 0.2 (n). They need the PDG code of the particle.
KINPIDPLUS = FeatureSet("kinpidplus", KINPID.features, MOMENTA + ANGLES + IDENTITY + ("part_pid",))
FULL = FeatureSet(
    "full",
    _KINEMATIC + _IDENTITY + _DISPLACEMENT + _ANGLES,
    MOMENTA + ANGLES + IDENTITY + DISPLACEMENT,
)
FEATURE_SETS = {features.name: features for features in (KIN, KINPID, KINPIDPLUS, FULL)}


@dataclass(frozen=True)
class Dataset:
    """A benchmark.

    Attributes
    ----------
    name : str
        `JetClass`, `TopLandscape` or `QuarkGluon`.
    labels : tuple of str
        The names of the one-hot label branches; their order defines the class indices.
    titles : tuple of str
        Names of the classes for display.
    feature_sets : tuple of str
        The feature sets whose branches the files have.
    """

    name: str
    labels: tuple[str, ...]
    titles: tuple[str, ...]
    feature_sets: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The short class names: the labels without their prefix."""
        return tuple(label.removeprefix("label_").removeprefix("jet_is") for label in self.labels)


JETCLASS = Dataset(
    "JetClass",
    tuple(f"label_{c}" for c in ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")),
    ("q/g", "H→bb", "H→cc", "H→gg", "H→4q", "H→ℓνqq′", "Z→qq", "W→qq′", "t→bqq′", "t→bℓν"),
    ("kin", "kinpid", "full"),
)
TOPLANDSCAPE = Dataset("TopLandscape", ("jet_isTop", "jet_isQCD"), ("top", "QCD"), ("kin",))
QUARKGLUON = Dataset("QuarkGluon", ("jet_isQ", "jet_isG"), ("quark", "gluon"), ("kin", "kinpid", "kinpidplus"))
DATASETS = {dataset.name: dataset for dataset in (JETCLASS, TOPLANDSCAPE, QUARKGLUON)}
