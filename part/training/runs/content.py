"""What the files of a run must hold so that pages can show it; each is JSON that a training wrote, or something else."""

from collections.abc import Mapping
from typing import Any

from part.errors import PartError

_NUMBER, _COUNT, _TEXT, _SECTION = (int, float), (int,), (str,), (dict,)
_WORDS = {_NUMBER: "a number", _COUNT: "a whole number", _TEXT: "a text", _SECTION: "a section"}
_PLAN = {"dataset": _TEXT, "model": _TEXT, "features": _TEXT, "epochs": _COUNT}
_SECTIONS = dict.fromkeys(("metrics", "held_out", "config"), _SECTION)
_TRAINING = {"epochs_done": _COUNT, "jets_seen": _COUNT, "seconds": _NUMBER, "before": _SECTION}


def check_content(plan: Mapping[str, Any], card: Mapping[str, Any]) -> None:
    """Raise PartError unless the choices of a run and its card, {} before its first epoch, have the types they need."""
    if not isinstance(plan, Mapping):
        raise PartError(f"has {repr(plan)[:40]} for its choices; expected a section.")
    for key, types in _PLAN.items():
        if key not in plan:
            raise PartError(f"has no {key} in its plan.json; expected {_WORDS[types]}.")
        _check("plan.json", key, plan[key], types)
    if "batch_size" in plan:
        _check("plan.json", "batch_size", plan["batch_size"], _COUNT)
    for key, types in _SECTIONS.items():
        if key in card:
            _check("card", key, card[key], types)
    training = card.get("training")
    for key, types in _TRAINING.items():
        if isinstance(training, Mapping) and training.get(key) is not None:  # it may be a remark instead
            _check("card", f"training.{key}", training[key], types)


def _check(file: str, key: str, value: Any, types: tuple[type, ...]) -> None:
    if not isinstance(value, types) or isinstance(value, bool):
        raise PartError(f"has {repr(value)[:40]} for {key} in its {file}; expected {_WORDS[types]}.")
