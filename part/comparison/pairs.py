"""Which models can be compared, and their heads, one by one."""

from collections.abc import Callable, Mapping, Sequence

import awkward as ak

from part.analysis.statistics.divergence import AttentionChange, attention_change
from part.errors import PartError
from part.inference.tagger import Tagger, load_model

FEWEST, MOST = 2, 4  # models
ATTENTION_JETS = 200
TRACED = 8  # jets traced at a time, which take some 100 MB


def load_distinct(models: Sequence[str], device: str = "auto", dataset: str | None = None) -> dict[str, Tagger]:
    """Name -> model, by the names of their files or, where those are the same, as they were given."""
    taggers = [load_model(model, device, dataset=dataset) for model in models]
    stems = [tagger.name for tagger in taggers]
    return dict(zip(stems if len(set(stems)) == len(stems) else models, taggers, strict=True))


def check_comparable(models: Mapping[str, Tagger]) -> None:
    """PartError unless these are two to four models that tell the same classes apart."""
    if not FEWEST <= len(models) <= MOST:
        raise PartError(f"{len(models)} different models to compare; expected {FEWEST} to {MOST}.")
    first, *others = models
    for name in others:
        if models[name].dataset != models[first].dataset:
            raise PartError(
                f"{name} tells the classes of {models[name].dataset.name} apart, {first} those of "
                f"{models[first].dataset.name}; expected the same."
            )


def no_attention(first: tuple[str, Tagger], other: tuple[str, Tagger]) -> str | None:
    """Why the heads of two models cannot be compared one by one; None if they can."""
    for name, tagger in (first, other):
        if not tagger.config.layers:
            return f"{name} ({tagger.config.model}) has no attention between particles."
        if tagger.config.model == "LinParT":
            return f"{name} (LinParT) attends to slots, not to particles."
    (a, b) = (f"{tagger.config.layers} × {tagger.config.heads}" for _, tagger in (first, other))
    return None if a == b else f"{first[0]} has {a} heads, {other[0]} {b}; only as many can be compared one by one."


class AttentionChanges:
    """What becomes of the first model's attention in the others, added up over jets.

    found: of each model (M,) an AttentionChange or the sentence why there is none; None of the first.
    wanted: whether there is anything to compare. run: calls a function with arguments, see `performance.cost`.
    """

    def __init__(self, models: Mapping[str, Tagger], run: Callable = lambda function, *values: function(*values)):
        first, *others = models.items()
        self._taggers, self._run = list(models.values()), run
        self.found: list[AttentionChange | str | None] = [None, *(no_attention(first, other) for other in others)]
        self._traced = [m for m in range(1, len(models)) if self.found[m] is None]
        self.wanted = bool(self._traced)

    def add(self, jets: ak.Array) -> None:
        """Trace some jets, TRACED at most."""
        first = self._run(self._taggers[0].trace, jets) if self.wanted else None
        for m in self._traced:
            change = attention_change(first.pattern, self._run(self._taggers[m].trace, jets).pattern, first.mask)
            self.found[m] = change if self.found[m] is None else self.found[m] + change
