"""A network file of weaver-core: what its get_model builds, with which keywords, followed on its syntax tree.

The file is neither imported nor executed, and no expression of it is evaluated as Python; see `network/`.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from part.errors import PartError
from part.models.checkpoints.network.forward import UnreadableForward, holders, passed_arguments
from part.models.checkpoints.network.parsing import parse_network
from part.models.checkpoints.network.signatures import DEFAULTS, LAYOUTS, NETWORKS
from part.models.checkpoints.network.statements import Statements
from part.models.checkpoints.network.values import (
    DataConfig,
    Definition,
    Instance,
    Unknown,
    is_closed,
    is_literal,
    only_from_data,
    show,
)

_ENTRY = "get_model"


@dataclass(frozen=True)
class Network:
    """What a network file builds.

    Attributes
    ----------
    source : str
        The path of the file.
    network : str or None
        The class of weaver-core that is built, such as "ParticleTransformer"; the name of another class where it is
        none of weaver-core's that is known here; None where the file does not say it in a way that can be followed.
    keywords : mapping
        The literal keywords that it is built with.
    unknown : mapping
        The keywords whose values are not literal, with the text of the expression; "**" for those of a mapping whose
        keys are not known. A value in `block_params` is named as "block_params.activation".
    from_data : mapping
        The keywords that the data config decides, as `unknown`, where it was not given.
    arguments : tuple of str or None
        The arguments of the model's forward, in the order in which weaver-core passes the groups of a data config.
    groups : mapping or None
        Which group of inputs each argument of the network's forward is, such as {"x": "pf_features"}. Without the
        groups' names the names of forward's arguments stand for them. None where it cannot be read.
    own_defaults : mapping or None
        The default values of the class, if the file itself has a copy of it.
    notes : tuple of str
        Sentences on what could not be read, and on what else the file does.
    differences : tuple of str
        Those of the notes that say what the file does with the inputs or outputs of its network, which is not done
        here.
    """

    source: str
    network: str | None
    keywords: Mapping[str, Any] = field(hash=False)
    unknown: Mapping[str, str] = field(default_factory=dict, hash=False)
    from_data: Mapping[str, str] = field(default_factory=dict, hash=False)
    arguments: tuple[str, ...] | None = None
    groups: Mapping[str, str] | None = field(default=None, hash=False)
    own_defaults: Mapping[str, Any] | None = field(default=None, hash=False)
    notes: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()

    def defaults(self, layout: str) -> dict[str, Any]:
        """Return the default values of the class in a layout, "0.4" or "0.5", as far as inference depends on them.

        Raises
        ------
        PartError
            If the class is not one of weaver-core's, or there is no such layout.
        """
        if layout not in LAYOUTS:
            raise PartError(f"There is no layout {layout!r} of weaver-core; expected {' or '.join(LAYOUTS)}.")
        if self.network not in NETWORKS:
            what = f"builds {self.network}" if self.network else "does not say what it builds"
            raise PartError(f"{self.source} {what}, which is not one of {', '.join(NETWORKS)}.")
        return dict(DEFAULTS[layout][self.network] if self.own_defaults is None else self.own_defaults)

    def resolved(self, layout: str) -> dict[str, Any]:
        """Return all keywords with their values, the file's or else those of the class in a layout.

        A keyword that the file sets to something that is not literal is left out. Raises PartError as `defaults`.
        """
        open_keywords = {*self.unknown, *self.from_data}
        defaults = {name: value for name, value in self.defaults(layout).items() if name not in open_keywords}
        return defaults | dict(self.keywords)


def read_network(
    path: str | Path,
    options: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Sequence[str]] | None = None,
    classes: int | None = None,
) -> Network:
    """Read what a network file of weaver-core builds, without running any of it.

    Parameters
    ----------
    path : str or Path
        A `.py` file that defines get_model(data_config, **kwargs).
    options : mapping, optional
        What weaver-core's `-o NAME VALUE` gives get_model.
    inputs : mapping, optional
        The groups of the data config in order, each with the names of its variables.
    classes : int, optional
        The number of entries of the data config's label value.

    Returns
    -------
    Network

    Raises
    ------
    PartError
        If the file is missing, too large, not Python, or has no get_model.
    """
    source = str(path)
    tree = parse_network(Path(path), source)
    reading = Statements(source, {})
    try:
        reading.run(tree.body)
        model = _follow(reading, DataConfig(inputs, classes), dict(options or {}))
        network = _find_network(reading, model)
        return _describe(reading, model, network, options or {}, inputs)
    except RecursionError:
        raise PartError(f"{source} is nested too deeply to be followed; expected a network file.") from None


def _follow(reading: Statements, data: DataConfig, options: dict[str, Any]) -> Any:
    """Return what get_model returns as its model."""
    entry = reading.scope.names.get(_ENTRY)
    if isinstance(entry, Unknown):
        raise PartError(f"{reading.source}: its {_ENTRY} is {entry.text}, of another file; give that file instead.")
    function = entry.node if isinstance(entry, Definition) else None
    if not isinstance(function, ast.FunctionDef):
        raise PartError(f"{reading.source} has no function {_ENTRY}; expected {_ENTRY}(data_config, **kwargs).")
    result = reading.call_entry(function, data, options)
    return result[0] if isinstance(result, list | tuple) and result else result


def _find_network(reading: Statements, model: Any) -> Instance | None:
    """Return the network of weaver-core in what get_model returns, or the file's copy of one, or another class."""
    imported = [x for x in reading.instances if x.origin]
    if isinstance(model, Instance):
        held = [x for x in imported if holders(model, x)]
        copies = [x for x in reading.instances if x.name in NETWORKS and holders(model, x)]
        networks = held or ([model] if model in copies else copies[:1]) or [model]
    else:
        networks = imported or [x for x in reading.instances if x.name in NETWORKS]
        if len(networks) == 1:
            reading.note(f"What {_ENTRY} returns could not be followed; the only network that it builds was taken.")
    if len(networks) > 1:
        names = ", ".join(f"{x.name} in line {x.line}" for x in networks)
        reading.note(f"It builds {len(networks)} networks ({names}), and not one.")
    elif not networks and not (isinstance(model, Unknown) and model.built):
        reading.note(f"What {_ENTRY} builds could not be followed.")
    return networks[0] if len(networks) == 1 else None


def _describe(
    reading: Statements,
    model: Any,
    network: Instance | None,
    options: Mapping[str, Any],
    inputs: Mapping[str, Sequence[str]] | None,
) -> Network:
    if network is None:
        name = model.built if isinstance(model, Unknown) and not reading.instances else ""
        return Network(reading.source, name or None, {}, notes=tuple(reading.notes))
    keywords, unknown, from_data = _split(network.keywords)
    own_defaults = None
    if network.definition is not None:
        own_defaults = {n: v for n, v in reading.default_values(network.definition).items() if is_literal(v)}
        if network.name in NETWORKS:
            reading.note(f"The file has its own {network.name}, whose defaults are taken instead of weaver-core's.")
    elif not network.origin.lstrip(".").startswith(("weaver.", "utils.nn.")):
        where = f"is {network.origin}, of another file" if "." in network.origin else "is not imported by name"
        reading.note(f"{network.name} {where}; what is not said is taken as in weaver-core.")
    for name in options:
        if name not in {*keywords, *unknown, *from_data}:
            reading.note(f"The file does not pass the option {name} on to {network.name}.")
    arguments, groups = _match_groups(reading, model, network, inputs)
    said = tuple(reading.notes), tuple(reading.differences)
    return Network(reading.source, network.name, keywords, unknown, from_data, arguments, groups, own_defaults, *said)


def _split(keywords: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """Return what is literal, what is not, and what the data config decides; the entries of dicts apart."""
    known: dict[str, Any] = {}
    texts: tuple[dict[str, str], dict[str, str]] = {}, {}
    for name, value in keywords.items():
        entries = {f"{name}.{key}": entry for key, entry in value.items()} if isinstance(value, dict) else {name: value}
        open_entries = {key: entry for key, entry in entries.items() if not is_closed(entry)}
        for key, entry in open_entries.items():
            texts[only_from_data(entry)][key] = show(entry)
        if isinstance(value, dict):
            known[name] = {key: entry for key, entry in value.items() if f"{name}.{key}" not in open_entries}
        elif not open_entries:
            known[name] = list(value) if isinstance(value, range) else value
    return known, *texts


def _match_groups(
    reading: Statements, model: Any, network: Instance, inputs: Mapping[str, Sequence[str]] | None
) -> tuple[tuple[str, ...] | None, dict[str, str] | None]:
    """Return the arguments of the model's forward, and the group that each argument of the network's is."""
    try:
        names, places = passed_arguments(model if isinstance(model, Instance) else network, network, reading)
    except UnreadableForward as error:
        reading.differs(str(error))
        return None, None
    groups = names if inputs is None else tuple(inputs)
    if len(groups) != len(names) and set(names) < set(groups):
        reading.note(
            f"The forward takes {len(names)} of the data config's {len(groups)} groups, which are matched by name."
        )
        groups = names
    if len(groups) > len(names):
        takes = f"takes {len(names)} inputs ({', '.join(names)})"
        reading.note(f"The forward {takes}, and the data config has {len(groups)} groups ({', '.join(groups)}).")
        return names, None
    return names, {name: groups[place] for name, place in places.items() if place < len(groups)}
