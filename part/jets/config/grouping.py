"""The collections of tokens that the input groups of a data config describe.

Names of groups are a convention: `pf_features`, `pf_vectors`, `pf_points` and `pf_mask` belong to the collection `pf`.
Where names say nothing, the key `groups` of the config does: `groups: {inputs_1: pf.features, inputs_2: pf.mask}`.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from part.errors import PartError
from part.jets.config.groups import InputGroup
from part.jets.schema import Collection

# What a group is to the network, by the end of its name.
_KINDS = (
    ("mask", re.compile(r"_?masks?$")),
    ("vectors", re.compile(r"_?(lorentz_?)?(vectors?|p4|4vec|v)$")),
    ("points", re.compile(r"_?(points?|coords?|coordinates)$")),
    ("features", re.compile(r"_?(features?|feats?|fts|x|inputs?)$")),
)


def group_collections(
    groups: tuple[InputGroup, ...], where: str, stated: Mapping[str, str] | None = None
) -> tuple[tuple[Collection, ...], tuple[str, ...]]:
    """Return the collections in the order of their features, and notes on groups that belong to none.

    Parameters
    ----------
    groups : tuple of InputGroup
    where : str
        What error messages call the config.
    stated : mapping, optional
        What groups are, by name: the collection and the kind, such as "pf.features" or "sv.mask".

    Raises
    ------
    PartError
        If there are no features, or the groups of a collection contradict each other.
    """
    found: dict[str, dict[str, InputGroup]] = {}
    notes, stated = [], stated or {}
    kinds = [kind for kind, _ in _KINDS]
    for name, text in stated.items():
        if str(text).rpartition(".")[2] not in kinds or name not in [group.name for group in groups]:
            raise PartError(
                f"{where}: groups: {name}: {text}; expected a group of the inputs and pf.features, sv.mask, ..."
            )
    for group in groups:
        kind, prefix = _stated(stated[group.name]) if group.name in stated else _kind(group.name)
        if kind is None or group.length is None:
            reason = "are numbers of the whole jet" if group.length is None else "have an unknown meaning"
            notes.append(f"The inputs {group.name} are left out: they {reason}, which no model here takes.")
        elif kind in found.setdefault(prefix, {}):
            raise PartError(f"{where}: inputs.{group.name}: a second group of {kind}; expected one per collection.")
        else:
            found[prefix][kind] = group
    collections = tuple(_collection(prefix, of, where) for prefix, of in found.items() if "features" in of)
    for prefix, of in found.items():
        if "features" not in of:
            notes += [f"The inputs {group.name} are left out: there are no {prefix}_features." for group in of.values()]
    if not collections:
        names = ", ".join(group.name for group in groups)
        raise PartError(
            f"{where}: inputs {names}; expected a group that ends in _features with a length, or the key groups "
            "(-o groups.NAME pf.features), which says what each group is."
        )
    if any(c.vectors for c in collections) and not all(c.vectors for c in collections):
        collections = tuple(replace(c, vectors=()) for c in collections)
        notes.append("The four-momenta are left out: not all collections have them.")
    return collections, tuple(notes)


def _stated(text: str) -> tuple[str, str]:
    prefix, _, kind = text.rpartition(".")
    return kind, prefix


def _kind(name: str) -> tuple[str | None, str]:
    """Return what a group is, and the prefix that names its collection."""
    lower = name.lower()
    for kind, pattern in _KINDS:
        if match := pattern.search(lower):
            return kind, name[: match.start()]
    return None, ""


def _collection(prefix: str, of: dict[str, InputGroup], where: str) -> Collection:
    features = of["features"]
    lengths = {group.length for group in of.values()}
    if len(lengths) > 1:
        names = ", ".join(f"{group.name} {group.length}" for group in of.values())
        raise PartError(f"{where}: the lengths of {names} differ; expected one length.")
    vectors = of["vectors"].variables if "vectors" in of else ()
    if vectors and len(vectors) != 4:
        raise PartError(f"{where}: inputs.{of['vectors'].name} has {len(vectors)} variables; expected px, py, pz, E.")
    return Collection(
        name=prefix or "particle",
        features=features.variables,
        vectors=vectors,
        points=of["points"].variables if "points" in of else (),
        mask=of["mask"].variables[0].name if "mask" in of else "",
        length=features.length or 0,
    )
