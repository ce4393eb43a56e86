"""The names of tensors without what wrappers put in front of them: DataParallel, torch.compile, a class of the user."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from part.models.config import ModelConfig

# Wrappers that may stand anywhere in a name, since they may wrap a module inside of the network.
_TRANSPARENT = re.compile(r"(?<![^.])(?:_orig_mod|module)\.")


@dataclass(frozen=True)
class Converted:
    """Weights of weaver-core as this project's.

    Attributes
    ----------
    config : ModelConfig
        The architecture.
    state : mapping
        The tensors by this project's names.
    assumed : mapping
        The keywords of weaver-core's network that were assumed to be as published, because nothing said them.
    collections : tuple of str
        The names that the tensors give to the collections of tokens, in order; () for one collection.
    """

    config: ModelConfig
    state: Mapping[str, Tensor]
    assumed: Mapping[str, Any] = field(default_factory=dict)
    collections: tuple[str, ...] = ()


def strip_prefix(keys: Iterable[str], anchors: Iterable[str]) -> dict[str, str] | None:
    """Find a network in a state dict, whatever holds it.

    Parameters
    ----------
    keys : iterable of str
        The names of the tensors, such as "module.mod.cls_token".
    anchors : iterable of str
        Regular expressions, each of a whole name that the network has, such as r"cls_token". The first of them that a
        name ends with decides where names begin.

    Returns
    -------
    dict or None
        The name without the prefix for each key; a key without the prefix keeps its name. None if no anchor is there,
        if an anchor is there behind different prefixes, or if two keys would get the same name.
    """
    plain = {key: _TRANSPARENT.sub("", key) for key in keys}
    if len(set(plain.values())) < len(plain):
        return None
    for anchor in anchors:
        pattern = re.compile(rf"(?:(.*)\.)?(?:{anchor})")
        prefixes = {match[1] or "" for name in plain.values() if (match := pattern.fullmatch(name))}
        if len(prefixes) == 1:
            prefix = f"{prefix}." if (prefix := prefixes.pop()) else ""
            return {key: name.removeprefix(prefix) for key, name in plain.items()}
    return None
