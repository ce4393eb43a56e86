"""What the commands say of a model: how it computed, and what was assumed of it where labelled jets tell it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from part.inference.tagger import Tagger
    from part.jets.streaming import EntryRange

MAX_JETS = 200  # that all ways of reading the weights are tried on


def print_backends(taggers: "Iterable[Tagger]") -> None:
    """Print how each model computed, and why so."""
    for tagger in taggers:
        print(f"{tagger.name}: the {tagger.backend} backend. {tagger.backend_reason}")


def print_assumptions(tagger: "Tagger", ranges: "Sequence[EntryRange]") -> None:
    """Print a line for each way of reading the weights, with its accuracy; nothing if all is known, or without labels.

    Parameters
    ----------
    tagger : Tagger
    ranges : sequence of EntryRange
        The jets, of which some from the front of each file are taken.
    """
    import awkward as ak

    from part.inference.assumptions import accuracies, alternatives
    from part.jets.labels import known_classes, labels
    from part.jets.streaming import chunks, proportional_subset

    if not alternatives(tagger):
        return
    jets = ak.concatenate([chunk.jets for chunk in chunks(proportional_subset(ranges, MAX_JETS))])
    known = known_classes(labels(jets, tagger.dataset))
    if known is None:
        return
    print(f"Nothing says these keywords of {tagger.name}; accuracy on {known.sum()} jets by their values:")
    for number, (options, accuracy) in enumerate(accuracies(tagger, jets)):
        values = ", ".join(f"{keyword} = {value}" for keyword, value in options.items())
        print(f"  {accuracy:.3f}  {values}{'' if number else ' (assumed)'}")
