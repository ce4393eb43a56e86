"""Which tree of a ROOT file is read."""

import uproot

from part.errors import PartError
from part.jets.schema import MOMENTA

TREE = "tree"
TREE_CLASSES = ("TTree", "ROOT::RNTuple")
MAX_NAMED = 5


def choose_trees(path: str, file: uproot.ReadOnlyDirectory, wanted: str | None) -> tuple[tuple[str, ...], str]:
    """Return the name of the tree or ntuple to read, and of those whose branches are read along with it.

    The second value is a sentence on the choice, "" if there was none or if it was asked for.

    Parameters
    ----------
    path : str
        What errors call the file.
    file : uproot.ReadOnlyDirectory
    wanted : str, optional
        The name of a tree, also in a folder of the file ("ntuplizer/tree"). Several, separated by commas, are read
        side by side; they have equally many entries. By default the only tree, otherwise the only one with jets,
        otherwise the one named "tree".

    Raises
    ------
    PartError
        If there is no such tree, or if several may be meant.
    """
    names = _trees(file)
    if not names:
        raise PartError(f"{path}: holds no tree; expected a TTree or RNTuple named '{TREE}'")
    if wanted:
        chosen = (wanted,) if wanted in names else tuple(dict.fromkeys(wanted.split(",")))
        if absent := [name for name in chosen if name not in names]:
            raise PartError(f"{path}: holds no tree '{absent[0]}'; expected {_listed(names, ' or ')}")
        return chosen, ""
    if len(names) == 1:
        return names, ""
    taken = _only_one_with_jets(path, file, names)
    others = [name for name in names if name != taken]
    return (taken,), f"{path}: the tree '{taken}' was read, not {_listed(others)}."


def jet_trees(path: str) -> tuple[str, ...]:
    """Return the names of the trees of a local ROOT file that hold jets; of a single tree its name in any case."""
    with uproot.open({path: None}) as file:  # ty: ignore[invalid-argument-type]
        names = _trees(file)
        return names if len(names) == 1 else tuple(_with_jets(file, names))


def _trees(file: uproot.ReadOnlyDirectory) -> tuple[str, ...]:
    return tuple(sorted({key.split(";")[0] for key, kind in file.classnames().items() if kind in TREE_CLASSES}))


def _with_jets(file: uproot.ReadOnlyDirectory, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if set(MOMENTA) <= set(file[name].keys())]


def _only_one_with_jets(path: str, file: uproot.ReadOnlyDirectory, names: tuple[str, ...]) -> str:
    with_jets = _with_jets(file, names)
    candidates = with_jets or names
    if TREE in candidates:
        return TREE
    if len(candidates) == 1:
        return candidates[0]
    which = "several trees with jets" if with_jets else "several trees"
    raise PartError(
        f"{path}: holds {which} ({_listed(candidates)}); expected one named '{TREE}', one with jets, or a choice such "
        f"as {path}:{candidates[0]}"
    )


def _listed(names: tuple[str, ...] | list[str], last: str = ", ") -> str:
    """Return the first names as a text."""
    shown = [*names[:MAX_NAMED], *(["..."] if len(names) > MAX_NAMED else [])]
    return ", ".join(shown[:-1]) + last + shown[-1] if len(shown) > 1 else shown[0]
