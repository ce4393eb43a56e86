"""The inputs of the benchmarks, as the data configs that come with the project.

Sources: JetClass (arXiv:2202.03772, Zenodo 6619768), TopLandscape (arXiv:1902.09914, Zenodo 2603256), QuarkGluon
(arXiv:1810.05165, Zenodo 3164691). The scalings are those of the published trainings.
"""

from dataclasses import replace

from part.jets.config.config import DataConfig
from part.jets.config.parsing import load_config
from part.jets.datasets import FILES
from part.jets.schema import FeatureSet

BENCHMARKS: dict[str, DataConfig] = {name: load_config(path) for name, path in FILES.items()}


def _feature_set(benchmark: str) -> FeatureSet:
    """Return the inputs under their own name. Their files are read without a data config, and have JetClass's names.

    All constituents that are read are real, so no mask is computed.
    """
    features = BENCHMARKS[benchmark].feature_set()
    collection = replace(features.collections[0], name="particle", mask="")
    return replace(features, name=benchmark.partition("_")[2], collections=(collection,), config=None)


KIN, KINPID, FULL = (_feature_set(f"JetClass_{name}") for name in ("kin", "kinpid", "full"))
# The hadron flags depend on the species: charged 1 (pi), 0.5 (K), 0.2 (p); neutral 1 (K_L), 0.2 (n).
KINPIDPLUS = _feature_set("QuarkGluon_kinpidplus")
FEATURE_SETS = {features.name: features for features in (KIN, KINPID, KINPIDPLUS, FULL)}
