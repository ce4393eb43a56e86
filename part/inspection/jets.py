"""What a file of jets holds, and what a data config would read from it."""

import warnings
from collections.abc import Sequence

import awkward as ak
import numpy as np

from part.errors import PartError
from part.inspection.page import Section, listed, rows
from part.jets.config.config import DataConfig
from part.jets.config.reading import branch_names, read_prepared
from part.jets.formats.opening import open_source
from part.jets.notices import gathered
from part.jets.readers import read_jets
from part.jets.schema import ENTRY, INPUTS, N_TRUNCATED, TRUTH

N_TRIED, N_SHOWN = 1000, 3


def inspect_jets(path: str, config: DataConfig | None = None) -> Section:
    """Return what is in a file of jets, and what would be read from it with or without a data config."""
    try:
        with open_source(path, config.tree if config else None) as source:
            lines = [("is", "a file of jets"), ("entries", f"{source.n_jets:,}")]
            lines.append(("branches", f"{len(source.branches)}: {listed(source.branches, 24)}"))
            branches = set(source.branches)
    except PartError as error:
        return Section(path, (("is", "a file of jets"), ("but", str(error))))
    lines += _with_config(path, config, branches) if config else _without(path)
    return Section(path, tuple(lines))


def try_jets(path: str, config: DataConfig | None) -> tuple[ak.Array, list[str]]:
    """Read the first entries of a file as a model would get them, and return them with what the reading warns of."""
    notices: list[str] = []
    with warnings.catch_warnings(record=True) as caught, gathered(notices.append):
        warnings.simplefilter("always")
        jets = read_jets(path, stop=N_TRIED) if config is None else read_prepared(path, config, stop=N_TRIED)
    return jets, [*notices, *dict.fromkeys(str(warning.message) for warning in caught)]


def _without(path: str) -> list[tuple[str, str]]:
    try:
        jets, notices = try_jets(path, None)
    except PartError as error:
        return [("without config", str(error))]
    counts = ak.to_numpy(ak.num(jets["part_px"]))
    text = f"jets by JetClass's names; the first {len(jets)} have {_range(counts)} constituents"
    return [("without config", text), *rows("note", notices)]


def _with_config(path: str, config: DataConfig, branches: set[str]) -> list[tuple[str, str]]:
    needed, optional = branch_names(config, config.test_selection)
    shown = {name: _decoded(name, config) for name in (*needed, *optional)}
    constants = {name for name, _ in config.file_magic}
    absent = [shown[name] for name in needed if shown[name] not in branches and name not in constants]
    lines = [("by the config", f"{len(needed) - len(absent)} of the {len(needed)} branches that {config.name} needs")]
    if absent:
        return [*lines, ("missing", f"{listed(absent, 8)}; without them nothing is read")]
    lacking = [shown[name] for name in optional if shown[name] not in branches and name not in constants]
    if lacking:
        lines.append(("left out", f"truth, observers or figures that need {listed(lacking, 12)}"))
    try:
        jets, notices = try_jets(path, config)
    except PartError as error:
        return [*lines, ("but", str(error))]
    return [*lines, *_tokens(jets, config), *rows("note", notices)]


def _tokens(jets: ak.Array, config: DataConfig) -> list[tuple[str, str]]:
    """Return how many jets are kept of the first entries, and the tokens of the first jets."""
    if not len(jets):
        return [("keeps", f"none of the first {N_TRIED:,} entries")]
    counts = ak.to_numpy(ak.num(jets[INPUTS]))
    last = int(jets[ENTRY][-1]) + 1
    lines = [("keeps", f"{len(jets):,} jets with {_range(counts)} tokens, up to entry {last - 1:,}")]
    if cut := int((ak.to_numpy(jets[N_TRUNCATED]) > 0).sum()):
        lines.append(("keeps", f"of {cut:,} of them the first tokens only, as the lengths of the config say"))
    if TRUTH in jets.fields:
        lines.append(("truth", _class_counts(ak.to_numpy(jets[TRUTH]), config.labels.names)))
    names = [item.name for item in config.collections[0].features]
    for jet in jets[:N_SHOWN]:
        values = ", ".join(f"{name} {value:.3g}" for name, value in zip(names, jet[INPUTS][0], strict=False))
        lines.append((f"entry {int(jet[ENTRY])}", f"{len(jet[INPUTS])} tokens; inputs of the first: {values}"))
    return lines


def _class_counts(truth: np.ndarray, names: Sequence[str]) -> str:
    indices, counts = np.unique(truth, return_counts=True)
    labels = [f"class {i}" if i >= len(names) else names[i] for i in indices]
    return listed((f"{'no class' if i < 0 else n}: {k:,}" for i, n, k in zip(indices, labels, counts, strict=True)), 12)


def _range(counts: np.ndarray) -> str:
    return f"{counts.min()} to {counts.max()}" if counts.min() != counts.max() else f"{counts.min()}"


def _decoded(name: str, config: DataConfig) -> str:
    for old, new in config.branch_magic:
        name = name.replace(old, new)
    return name
