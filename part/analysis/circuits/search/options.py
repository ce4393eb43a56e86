"""What the options of searches for heads and for edges have in common."""

from typing import Any

from part.analysis.circuits.corruptions import check_corruption, find_corruption
from part.analysis.circuits.search.accumulator import CORRUPTED
from part.errors import PartError
from part.inference.tagger import Tagger


def check_counts(study: Any, **least: int) -> None:
    """Raise PartError for a study of which a field is below what is given."""
    for name, expected in least.items():
        if getattr(study, name) < expected:
            raise PartError(f"{name} is {getattr(study, name)}; expected {expected} or more.")


def check_corrupted(tagger: Tagger, study: Any) -> None:
    """Raise PartError for a corruption that there is not, or that the model cannot see."""
    if study.replacement == CORRUPTED:
        check_corruption(tagger, study.corruption)


def replaced_by(study: Any) -> str:
    """Return what replaces all that is not in a set, as it reads after "all others give"."""
    if study.replacement == CORRUPTED:
        return f"what they give in {find_corruption(study.corruption).about}"
    return {"mean": "their mean", "zero": "zero"}[study.replacement]
