"""The parser of data configs: YAML as weaver-core reads it, checked key by key.

An unknown key is an error here as in weaver-core, except for `roles`, `classes` and `groups`, which it does not know.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from part.errors import PartError
from part.jets.config.config import DataConfig
from part.jets.config.grouping import group_collections
from part.jets.config.groups import InputGroup, Labels
from part.jets.config.roles import check_roles
from part.jets.config.values import fraction_of, mapping_of, names_of, number_of, text_of, texts_of
from part.jets.config.yaml_file import read_yaml
from part.jets.expressions.evaluation import parse
from part.jets.schema import CLIP, Feature, unscaled

KEYS = (
    *("treename", "branch_magic", "file_magic", "selection", "test_time_selection", "preprocess", "new_variables"),
    *("inputs", "labels", "observers", "monitor_variables", "weights", "bucketing", "roles", "classes", "groups"),
)
DATA_FRACTION = 0.1  # of each file, for an automatic standardisation


def load_config(source: str | os.PathLike | DataConfig, more: Mapping[str, Any] | None = None) -> DataConfig:
    """Read a weaver data config.

    Parameters
    ----------
    source : str, os.PathLike or DataConfig
        A YAML file. Where its standardisation is automatic and it has no parameters, the file that weaver-core wrote
        beside it is taken: `NAME.<checksum>.auto.yaml`, or `NAME.auto.yaml` if it differs in nothing else. A
        DataConfig is returned as it is.
    more : mapping, optional
        Keys that are added to those of the file.

    Returns
    -------
    DataConfig

    Raises
    ------
    PartError
        If the file cannot be read, is no data config, or asks for what is refused; the sentence names file, key and
        expression.
    """
    if isinstance(source, DataConfig):
        return source
    path = os.fspath(source)
    options, content = read_yaml(path)
    options |= dict(more or {})
    config = parse_config(options, _stem(path), path)
    if not config.missing_standardisation:
        return config
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    for candidate in (f"{path.removesuffix('.yaml')}.{checksum}.auto.yaml", f"{path.removesuffix('.yaml')}.auto.yaml"):
        if Path(candidate).is_file():
            found = read_yaml(candidate)[0] | dict(more or {})
            if checksum in candidate or _without_parameters(found) == _without_parameters(options):
                note = f"The standardisation is that of {Path(candidate).name}."
                automatic = parse_config(found, config.name, candidate)
                return automatic.with_options(notes=(*automatic.notes, note))
    return config


def parse_config(options: Mapping[str, Any], name: str, where: str) -> DataConfig:
    """Return a data config from its options, as YAML or a card holds them.

    Parameters
    ----------
    options : mapping
        The top-level keys of a config.
    name : str
        What the config is called.
    where : str
        What error messages call it.

    Raises
    ------
    PartError
        See `load_config`.
    """
    if unknown := [str(key) for key in options if key not in KEYS]:
        raise PartError(f"{where}: unknown key {unknown[0]}; a data config has {', '.join(KEYS)}.")
    given = {key: value for key, value in options.items() if value is not None}
    for key in ("inputs", "labels"):
        if not isinstance(given.get(key), dict) or not given[key]:
            raise PartError(f"{where}: {key} are missing; expected a weaver data config with inputs and labels.")
    new_variables = mapping_of(given.get("new_variables"), f"{where}: new_variables")
    definitions = _definitions(new_variables, f"{where}: new variable")
    preprocess = mapping_of(given.get("preprocess", {}), f"{where}: preprocess")
    automatic = str(preprocess.get("method", "manual")).lower().startswith("auto")
    parameters = mapping_of(preprocess.get("params"), f"{where}: preprocess.params")
    fraction_of(preprocess.get("data_fraction", DATA_FRACTION), f"{where}: preprocess.data_fraction")
    check_roles(texts_of(given.get("roles"), f"{where}: roles"), where)
    groups, missing = _groups(given["inputs"], parameters, automatic, where)
    observers = names_of(given.get("observers", []), f"{where}: observers")
    monitored = names_of(given.get("monitor_variables", []), f"{where}: monitor_variables")
    if observers and monitored:
        raise PartError(f"{where}: observers and monitor_variables; expected one of the two, as in weaver-core.")
    selection, test = (_selection(given.get(key, ""), key, where) for key in ("selection", "test_time_selection"))
    stated = texts_of(given.get("groups"), f"{where}: groups")
    collections, notes = group_collections(groups, where, stated)
    return DataConfig(
        name=name,
        tree=text_of(given.get("treename"), f"{where}: treename"),
        branch_magic=tuple(texts_of(given.get("branch_magic"), f"{where}: branch_magic").items()),
        file_magic=_file_magic(given.get("file_magic", {}), where),
        selection=selection,
        test_selection=test or selection,
        definitions=tuple((k, v) for k, v in definitions.items() if k != v),
        groups=groups,
        collections=collections,
        labels=_labels(given["labels"], names_of(given.get("classes", []), f"{where}: classes"), where),
        observers=observers or monitored,
        weights=given.get("weights"),
        missing_standardisation=missing,
        options=dict(options),
        notes=notes,
    )


def _stem(path: str) -> str:
    return Path(path).name.removesuffix(".yaml").removesuffix(".auto")


def _without_parameters(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what two configs share that differ in parameters only; weaver-core writes defaults explicitly."""
    kept = {key: value for key, value in options.items() if key not in ("preprocess", "weights")}
    return {key: value for key, value in kept.items() if value not in (None, [], {})}


def _definitions(values: Mapping[Any, Any], where: str) -> dict[str, str]:
    out = {}
    for name, expression in values.items():
        if isinstance(expression, bool | int | float):
            expression = str(expression)
        if not isinstance(expression, str):
            raise PartError(f"{where} {name} is {str(expression)[:60]!r}; expected an expression.")
        out[str(name)] = _checked(expression, f"{where} {name}")
    return out


def _checked(expression: str, where: str) -> str:
    parse(expression.strip(), where)
    return expression.strip()


def _selection(value: Any, key: str, where: str) -> str:
    if not value and value != 0:
        return ""
    if not isinstance(value, str | bool | int | float):
        raise PartError(f"{where}: {key}: {str(value)[:60]!r}; expected an expression.")
    return _checked(" ".join(str(value).split()), f"{where}: {key}")


def _groups(
    inputs: dict[str, Any], parameters: Mapping[str, Any], automatic: bool, where: str
) -> tuple[tuple[InputGroup, ...], tuple[str, ...]]:
    groups, missing, treated = [], {}, dict[str, tuple]()
    for name, entry in inputs.items():
        place = f"{where}: inputs.{text_of(name, f'{where}: inputs')}"
        entry = mapping_of(entry, place)
        if not isinstance(entry.get("vars"), list) or not entry["vars"]:
            raise PartError(f"{place}: vars are missing; expected a list of variables.")
        length, mode = entry.get("length"), str(entry.get("pad_mode", "constant")).lower()
        if length is not None and not (isinstance(length, int) and 0 < length < 2**20):
            raise PartError(f"{place}: length is {length!r}; expected a positive whole number, or null.")
        if mode not in ("constant", "wrap"):
            raise PartError(f"{place}: pad_mode is {mode!r}; expected constant or wrap.")
        if name.endswith("_mask") and mode != "constant":
            raise PartError(f"{place}: pad_mode is {mode}; expected constant for a mask, as in weaver-core.")
        features = []
        for item in entry["vars"]:
            feature, is_missing = _feature(item, parameters, automatic, place)
            if treated.setdefault(feature.name, (feature, length, mode)) != (feature, length, mode) and not parameters:
                raise PartError(f"{place}: {feature.name} is treated otherwise in another group; expected one way.")
            features.append(feature)
            if is_missing:
                missing[feature.name] = None
        groups.append(InputGroup(name, tuple(features), length, mode))
    return tuple(groups), tuple(missing)


def _feature(item: Any, parameters: Mapping[str, Any], automatic: bool, where: str) -> tuple[Feature, bool]:
    """Return a variable, and whether its standardisation is still to be computed."""
    values = list(item) if isinstance(item, list | tuple) else [item]
    if not values or not isinstance(values[0], str):
        raise PartError(f"{where}: vars: {str(item)[:60]}; expected a variable, or a list that begins with one.")
    name = values[0]
    given: Sequence[Any]
    if name in parameters:
        p = mapping_of(parameters[name], f"{where}: preprocess.params.{name}")
        given = [p.get("center"), p.get("scale", 1), p.get("min", -CLIP), p.get("max", CLIP), p.get("pad_value", 0)]
    else:
        defaults = ["auto" if automatic else None, 1, -CLIP, CLIP, 0]
        given = [*values[1:6], *defaults[len(values) - 1 :]]
    center, *others = given
    scale, low, high, pad = (number_of(value, f"{where}: {name}") for value in others)
    if center is None or (center == "auto" and name.endswith("_mask")):
        return unscaled(name, pad), False
    if low > high:
        raise PartError(f"{where}: {name} is clipped to {low:g} to {high:g}; expected the lower bound first.")
    if center == "auto":
        return Feature(name, low=low, high=high, pad=pad), True
    return Feature(name, number_of(center, f"{where}: {name}"), scale, low, high, pad), False


def _labels(entry: Any, names: tuple[str, ...], where: str) -> Labels:
    place = f"{where}: labels"
    entry = mapping_of(entry, place)
    kind, value = entry.get("type", "simple"), entry.get("value")
    if kind == "simple":
        classes = names_of(value, f"{place}.value")
        for name in classes:
            parse(name, f"{place}.value")
        if not classes:
            raise PartError(f"{place}.value is empty; expected a column of 0 and 1 for each class.")
        return Labels("simple", names or classes, classes)
    if kind in ("custom", "regression"):  # the second is of our own
        pairs = list(_definitions(mapping_of(value, f"{place}.value"), f"{where}: label").items())
        if not pairs:
            raise PartError(f"{place}.value is empty; expected the name of a label with its expression.")
        if kind == "regression":
            return Labels(targets=tuple(pairs))
        return Labels("index", names, (pairs[0][1],), tuple(pairs[1:]))
    if kind == "hybrid":  # of forks: classes and regression targets
        index = entry.get("value_cls_index")
        classes = names_of(entry.get("value_cls_names") or value or [], f"{place}.value_cls_names")
        custom = mapping_of(entry.get("value_custom"), f"{place}.value_custom")
        targets = tuple((str(k), str(v)) for k, v in custom.items())
        if index is not None:
            return Labels("index", names or classes, (_checked(str(index), place),), targets)
        if not classes:
            raise PartError(f"{place}: there are no classes; expected value_cls_names, or value_cls_index.")
        return Labels("simple", names or classes, classes, targets)
    raise PartError(f"{place}: type is {kind!r}; expected simple, custom or hybrid.")


def _file_magic(value: Any, where: str) -> tuple[tuple[str, tuple[tuple[str, float], ...]], ...]:
    out = []
    for name, patterns in mapping_of(value, f"{where}: file_magic").items():
        pairs = mapping_of(patterns, f"{where}: file_magic.{name}").items()
        out.append((str(name), tuple((str(k), number_of(v, f"{where}: file_magic.{name}")) for k, v in pairs)))
    return tuple(out)
