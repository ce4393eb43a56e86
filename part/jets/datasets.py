"""The classes of the benchmarks JetClass, TopLandscape and QuarkGluon.

They are read from the data configs in `config/benchmarks`, whose inputs are in `part.jets.benchmarks`: this module
imports neither awkward nor torch, so that the command line starts fast.
"""

from pathlib import Path

from part.jets.config.yaml_file import read_yaml
from part.jets.schema import Dataset

FILES = {path.stem: path for path in sorted((Path(__file__).parent / "config" / "benchmarks").glob("*.yaml"))}
_TITLES = {
    "JetClass": ("q/g", "H→bb", "H→cc", "H→gg", "H→4q", "H→ℓνqq′", "Z→qq", "W→qq′", "t→bqq′", "t→bℓν"),
    "TopLandscape": ("top", "QCD"),
    "QuarkGluon": ("quark", "gluon"),
}
_ORDER = ("kin", "kinpid", "kinpidplus", "full")


def _dataset(name: str) -> Dataset:
    feature_sets = tuple(kind for kind in _ORDER if f"{name}_{kind}" in FILES)
    options, _ = read_yaml(str(FILES[f"{name}_{feature_sets[0]}"]))
    return Dataset(name, tuple(options["labels"]["value"]), _TITLES[name], feature_sets)


JETCLASS, TOPLANDSCAPE, QUARKGLUON = (_dataset(name) for name in _TITLES)
DATASETS = {dataset.name: dataset for dataset in (JETCLASS, TOPLANDSCAPE, QUARKGLUON)}


def class_title(name: str) -> str:
    """Return the title of a class of a benchmark, such as "H→bb" for "Hbb"; that of any other class is its name."""
    return next((d.titles[d.classes.index(name)] for d in DATASETS.values() if name in d.classes), name)
