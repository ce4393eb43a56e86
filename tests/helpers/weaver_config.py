"""The shipped data configs as weaver-core's options, for files that have the label branches."""

from collections.abc import Sequence
from typing import Any

from part.jets.benchmarks import BENCHMARKS

_CONFIGS = {"kinpidplus": "QuarkGluon_kinpidplus"}


def weaver_config(feature_set: str, labels: Sequence[str]) -> dict[str, Any]:
    """Return the options of a weaver DataConfig with the inputs of a feature set and any labels."""
    options = dict(BENCHMARKS[_CONFIGS.get(feature_set, f"JetClass_{feature_set}")].options)
    names = options["new_variables"]
    options["new_variables"] = {name: text for name, text in names.items() if not name.startswith("jet_is")}
    return options | {"labels": {"type": "simple", "value": list(labels)}, "observers": []}
