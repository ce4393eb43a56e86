"""What jets and the inputs of models are called: branches, input variables, collections and classes.

Energies and momenta are in GeV, impact parameters in mm, angles in radians.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from part.lazy import lazy_imports

MAX_CONSTITUENTS = 128  # of a jet that was read without a data config, which has lengths of its own
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

# Fields of jets that a data config prepared, see `part.jets.config.prepare`.
INPUTS, POINTS, VECTORS, KIND = "inputs", "points", "vectors", "part_kind"
IS_PARTICLE = "part_isParticle"
TRUTH, ENTRY, N_TRUNCATED = "truth", "entry", "n_truncated"
MADE_BY = "data_config"  # the parameter of their records that holds `DataConfig.inputs_sha256`

_INF = float("inf")


@dataclass(frozen=True)
class Feature:
    """One variable of a model: (value - subtract) * multiply, clipped to [low, high].

    Attributes
    ----------
    name : str
        A branch, or a new variable of the data config.
    subtract, multiply : float
        The standardisation.
    low, high : float
        The range after it.
    pad : float
        What fills a slot for which this variable has no value but its group has.
    """

    name: str
    subtract: float = 0.0
    multiply: float = 1.0
    low: float = -CLIP
    high: float = CLIP
    pad: float = 0.0

    @property
    def is_scaled(self) -> bool:
        """Whether anything happens to the value."""
        return bool(self.subtract or self.multiply != 1.0 or self.low != -_INF or self.high != _INF)


def unscaled(name: str, pad: float = 0.0) -> Feature:
    """Return a variable that a model takes as it is."""
    return Feature(name, low=-_INF, high=_INF, pad=pad)


@dataclass(frozen=True)
class Collection:
    """Some of a jet's tokens: its particles, its secondary vertices, ...

    Attributes
    ----------
    name : str
        The common prefix of its groups in the data config, such as "pf"; "particle" where there is none.
    features : tuple of Feature
        The inputs of each token.
    vectors : tuple of Feature
        The four components that features of pairs are computed from, or none.
    points : tuple of Feature
        The coordinates in which neighbours are sought, or none.
    mask : str
        The variable that is not zero for real tokens; "" where all are.
    length : int
        How many tokens are kept at most, in the order of the file.
    """

    name: str
    features: tuple[Feature, ...]
    vectors: tuple[Feature, ...] = ()
    points: tuple[Feature, ...] = ()
    mask: str = ""
    length: int = MAX_CONSTITUENTS

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of all its variables."""
        names = [item.name for item in self.features + self.vectors + self.points]
        return tuple(dict.fromkeys([*names, self.mask] if self.mask else names))


@dataclass(frozen=True)
class FeatureSet:
    """The inputs of a model.

    Attributes
    ----------
    name : str
        `kin`, `kinpid`, `kinpidplus` or `full` of a benchmark; otherwise the name of the data config.
    collections : tuple of Collection
        The tokens, collection after collection.
    definitions : tuple of (str, str)
        The variables that are computed, with their expressions.
    branches : tuple of str
        The branches that all are computed from.
    takes_points : bool
        Whether the model takes the points as well.
    config : DataConfig or None
        How files are read for these inputs; None for those of a benchmark, whose files have JetClass's names.
    """

    name: str
    collections: tuple[Collection, ...]
    definitions: tuple[tuple[str, str], ...] = ()
    branches: tuple[str, ...] = ()
    takes_points: bool = False
    config: Any = None  # of part.jets.config.config, which imports this module

    @cached_property
    def features(self) -> tuple[Feature, ...]:
        """The columns of `JetBatch.x`: the features of each collection, points, and a flag for each collection.

        The points are left out where the model takes none, or where they are the last features of the one
        collection. A single collection needs no flag.
        """
        columns = [item for collection in self.collections for item in collection.features]
        flags = [unscaled(f"is_{c.name}") for c in self.collections] if len(self.collections) > 1 else []
        return (*columns, *self.point_columns, *flags)

    @cached_property
    def point_columns(self) -> tuple[Feature, ...]:
        """The columns of points after those of the features."""
        first = self.collections[0]
        last = first.features[-len(first.points) :] if len(self.collections) == 1 else ()
        return first.points if self.takes_points and first.points and last != first.points else ()

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of features of each collection; () for a single one."""
        return tuple(len(c.features) for c in self.collections) if len(self.collections) > 1 else ()

    def uses(self, names: tuple[str, ...]) -> bool:
        """Return whether the inputs are computed from all these quantities, given by JetClass's names."""
        if self.config is None:
            return set(names) <= set(self.branches)
        own, used = set(self.branches), set()
        for roles in self.config.roles.constituents:
            used |= {role for role, variable in roles.items() if own.issuperset(self.config.branches_of((variable,)))}
        return used.issuperset(names)

    @property
    def has_vectors(self) -> bool:
        return all(collection.vectors for collection in self.collections)

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class Dataset:
    """The classes that a model tells apart: those of a benchmark, or of a data config.

    Attributes
    ----------
    name : str
        `JetClass`, `TopLandscape`, `QuarkGluon`, or the name of the data config.
    labels : tuple of str
        One name for each class; their order defines the class indices. Where jets carry one-hot label branches, these
        are their names.
    titles : tuple of str
        Names of the classes for display.
    feature_sets : tuple of str
        The feature sets of a benchmark whose branches its files have.
    targets : tuple of str
        Outputs after those of the classes, which are no classes but numbers.
    groups : tuple of (str, tuple of str)
        Groups of classes that the data config names, by their labels; see `part.jets.class_groups`.
    background : str
        The short name of the class that rejections refer to, "" for QCD or else the last one.
    """

    name: str
    labels: tuple[str, ...]
    titles: tuple[str, ...]
    feature_sets: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    background: str = ""

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The short class names: the labels without their common prefix."""
        return tuple(label.removeprefix("label_").removeprefix("jet_is") for label in self.labels)


# The benchmarks are built from the names above; who looks for them here finds them.
__getattr__ = lazy_imports(__name__, {"FEATURE_SETS": "part.jets.benchmarks", "DATASETS": "part.jets.datasets"})
