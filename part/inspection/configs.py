"""What a data config and a network file say."""

from collections.abc import Mapping
from typing import Any

from part.inspection.page import Section, listed, rows
from part.jets.config.config import DataConfig, InputGroup
from part.jets.config.reading import branch_names
from part.models.checkpoints.network.signatures import LAYOUTS, NETWORKS
from part.models.checkpoints.network_file import Network, read_network

# Keywords on which inference depends and that tensors do not tell.
_OPEN = (
    *("use_pre_activation_pair", "remove_self_pair", "activation", "pair_input_type", "block_ids_with_attn_mask"),
    *("for_segmentation", "conv_params", "use_counts"),
)


def inspect_config(path: str, config: DataConfig) -> Section:
    """Return what a data config describes."""
    needed, optional = branch_names(config, config.test_selection)
    lines = [("is", "a weaver data config"), ("tree", config.tree or "the only one")]
    lines += rows("inputs", map(_group, config.groups))
    lines.append(("tokens", " + ".join(f"{c.name} (up to {c.length})" for c in config.collections)))
    lines.append(("classes", _classes(config)))
    lines += rows("further outputs", [f"{name} = {text}" for name, text in config.labels.targets])
    lines.append(("selection", config.test_selection or "all jets"))
    if config.selection != config.test_selection:
        lines.append(("in training", config.selection or "all jets"))
    lines.append(("computes", f"{len(config.definitions)} new variables"))
    lines.append(("needs", f"{len(needed)} branches: {listed(needed)}"))
    lines.append(("reads if there", f"{len(optional)} branches for truth, observers and figures: {listed(optional)}"))
    lines += _roles(config)
    if config.weights:
        lines.append(("weights", "a reweighting of the training jets, which prediction does not use"))
    if config.missing_standardisation:
        text = f"the standardisation of {listed(config.missing_standardisation, 6)}: give the .auto.yaml that weaver"
        lines.append(("missing", f"{text}-core wrote, or it is computed from the jets that are read"))
    return Section(path, (*lines, *rows("note", config.notes)))


def inspect_network(path: str, keywords: Mapping[str, Any], config: DataConfig | None = None) -> Section:
    """Return what a network file builds, with the inputs of a data config if there is one."""
    network = read_network(path, keywords, groups_of(config), _n_labels(config))
    known = network.network in NETWORKS
    lines = [("is", "a weaver network file, which is read and never run")]
    if network.network:
        lines.append(("builds", network.network if known else f"{network.network}, which no model here is"))
    lines += [("keywords", listed(f"{name}={value!r}" for name, value in network.keywords.items()))]
    lines += rows("by the data", [f"{name} = {text}" for name, text in network.from_data.items()])
    lines += rows("not literal", [f"{name} = {text}: give it by -o" for name, text in network.unknown.items()])
    lines += rows("by default", _defaults(network) if known else [])
    if network.groups is not None:
        pairs = [f"{group} as {argument}" for argument, group in network.groups.items()]
        lines.append(("passes on", listed(pairs)))
    return Section(path, (*lines, *rows("note", network.notes)))


def groups_of(config: DataConfig | None) -> dict[str, list[str]] | None:
    """Return the names of a config's groups in order, with their variables."""
    if config is None:
        return None
    return {group.name: [item.name for item in group.variables] for group in config.groups}


def _n_labels(config: DataConfig | None) -> int | None:
    """Return the number of entries of a config's label value, which weaver-core knows it by."""
    value = (config.options.get("labels") or {}).get("value") if config else None
    return len(value) if isinstance(value, list | dict) else None


def _group(group: InputGroup) -> str:
    names = listed([item.name for item in group.variables], 24)
    length = "numbers of the whole jet" if group.length is None else f"{group.length} slots, padded {group.pad_mode}"
    return f"{group.name}: {len(group.variables)} ({names}), {length}"


def _classes(config: DataConfig) -> str:
    labels = config.labels
    if labels.kind == "none":
        return "none; the outputs are numbers" if labels.targets else "no labels"
    if labels.kind == "index":
        names = f": {listed(labels.names, 20)}" if labels.names else ", as many as the network has"
        return f"the index {labels.expressions[0]}{names}" if labels.expressions else "no labels"
    return f"{len(labels.names)}: {listed(labels.names, 20)}"


def _roles(config: DataConfig) -> list[tuple[str, str]]:
    """Return the physical quantities that are known of each collection."""
    known = {c.name: found for c, found in zip(config.collections, config.roles.constituents, strict=True)}
    pairs = {name: listed(f"{role} is {variable}" for role, variable in found.items()) for name, found in known.items()}
    return [*rows("quantities", (f"{name}: {text}" for name, text in pairs.items()))]


def _defaults(network: Network) -> list[str]:
    """Return the default values of what no tensor tells, as the versions of weaver-core have them."""
    texts = []
    values = {layout: network.defaults(layout) for layout in LAYOUTS}
    for name in _OPEN:
        found = {layout: of[name] for layout, of in values.items() if name in of}
        if name in {*network.keywords, *network.unknown, *network.from_data} or not found:
            continue
        distinct = list(found.values())
        if len(found) == len(LAYOUTS) and distinct[0] == distinct[1]:
            texts.append(f"{name}={distinct[0]!r}")
        else:
            texts += [f"{name}={value!r} (weaver-core {layout})" for layout, value in found.items()]
    return [listed(texts)] if texts else []
