"""What was assumed of a network because nothing said it, and the other ways in which its weights can be read.

A state dict of weaver-core does not tell all keywords of its network. Weights that are read in the wrong way load
without an error and classify badly, so labelled jets can tell which way is right.
"""

import warnings
from collections.abc import Mapping
from itertools import product
from typing import Any

import awkward as ak

from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.datasets import DATASETS
from part.jets.labels import known_classes, labels
from part.models.checkpoints.checkpoint import load_checkpoint

# The keywords that can be tried both ways, and their values; other assumptions can only be stated.
CHOICES: Mapping[str, tuple[Any, ...]] = {
    "use_pre_activation_pair": (False, True),
    "remove_self_pair": (False, True),
    "activation": ("gelu", "relu"),
    "features": ("kinpid", "kinpidplus"),
}


def choices(tagger: Tagger) -> dict[str, tuple[Any, ...]]:
    """Return the keywords that were assumed for a model and can be tried, with their values, the assumed one first."""
    return {
        keyword: (assumed, *(value for value in CHOICES[keyword] if value != assumed))
        for keyword, assumed in tagger.assumed.items()
        if keyword in CHOICES
    }


def alternatives(tagger: Tagger) -> list[dict[str, Any]]:
    """Return the combinations of keywords to try.

    Returns
    -------
    list of dict
        The assumed one first, then all combinations of what is true or false, then every other value by itself. Empty
        if nothing was assumed that could be tried.
    """
    open_choices = choices(tagger)
    if not open_choices:
        return []
    assumed = {keyword: values[0] for keyword, values in open_choices.items()}
    flags = {keyword: values for keyword, values in open_choices.items() if isinstance(values[0], bool)}
    combinations = [assumed | dict(zip(flags, values, strict=True)) for values in product(*flags.values())]
    others = [
        assumed | {keyword: value}
        for keyword, values in open_choices.items()
        if keyword not in flags
        for value in values[1:]
    ]
    return combinations + others


def with_options(tagger: Tagger, options: Mapping[str, Any]) -> Tagger:
    """Return a model whose weights are read with other keywords.

    Parameters
    ----------
    tagger : Tagger
        A model of weaver weights.
    options : mapping
        Keywords of weaver-core's network; those that the model was loaded with stay.

    Raises
    ------
    PartError
        If the model is no training with weaver-core, or its weights contradict a keyword.
    """
    files = tagger.files
    if files is None:
        raise PartError(f"{tagger.name} is a checkpoint whose card says its architecture; there is nothing to choose.")
    dataset = tagger.dataset.name if DATASETS.get(tagger.dataset.name) == tagger.dataset else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is assumed, which the caller knows
        checkpoint = load_checkpoint(files.weights, dataset, files.config, files.network, {**files.options, **options})
    return tagger.with_checkpoint(checkpoint)


def accuracies(tagger: Tagger, jets: ak.Array) -> list[tuple[dict[str, Any], float]]:
    """Return the accuracy of each of the `alternatives` on some jets.

    Parameters
    ----------
    tagger : Tagger
    jets : ak.Array
        Jets as the model takes them.

    Returns
    -------
    list of (dict, float)
        Those that can be tried, in the order of `alternatives`; empty for jets without labels.
    """
    truth = labels(jets, tagger.dataset)
    known = known_classes(truth)
    if truth is None or known is None:
        return []
    found = []
    for options in alternatives(tagger):
        try:
            probabilities = with_options(tagger, options).predict(jets[known])
        except PartError:  # for instance, the jets lack what another feature set needs
            continue
        found.append((options, float((probabilities.argmax(1) == truth[known]).mean())))
    return found
