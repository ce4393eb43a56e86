"""ROOT files: a TTree or an RNTuple, local or at any URL that uproot opens."""

import http
import io
import os
import re
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import awkward as ak
import uproot

from part.errors import PartError
from part.jets.formats.baskets import is_plain, read_branches
from part.jets.formats.ntuple_pages import check_page_lists, check_pages
from part.jets.formats.source import Column, Source
from part.jets.formats.trees import choose_trees
from part.limits import check_bytes

MAX_CACHED_FILES = 256
Tree = Any  # an uproot.TTree or an RNTuple of uproot's models
_NUMBER = re.compile(r"(std::)?(u?int(8|16|32|64)_t|float|double|bool)|Float16_t|Double32_t")  # fields of an RNTuple


@contextmanager
def open_root(path: str, tree: str | None = None) -> Generator[Source, None, None]:
    """Open a tree or ntuple of the file, see `part.jets.formats.trees.choose_trees`."""
    if "://" in path:
        with uproot.open(_uproot_target(path)) as file:
            yield _source(path, file, tree)
    else:
        status = os.stat(path)
        yield _local(path, tree, status.st_ino, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=MAX_CACHED_FILES)
def _local(path: str, tree: str | None, *_unchanged: int) -> Source:
    """Open a file on disk. Its structure is cached, since parsing it takes as long as reading a thousand jets."""
    target: Any = {path: None}  # uproot allows None, but does not say so
    return _source(path, uproot.open(target, array_cache=None), tree)  # uproot reopens the file for each read


def _source(path: str, file: uproot.ReadOnlyDirectory, wanted: str | None) -> Source:
    chosen, remark = choose_trees(path, file, wanted)
    trees = {name: file[name] for name in chosen}
    first = next(iter(trees.values()))
    for name, tree in trees.items():
        if tree.classname == "ROOT::RNTuple":
            check_page_lists(path, tree)
        if tree.num_entries != first.num_entries:
            raise PartError(
                f"{path}: tree {name} has {tree.num_entries} entries; expected {first.num_entries} as in its friend"
            )
    places: dict[str, tuple[Tree, str]] = {}  # the tree and the full name of each branch
    for name, tree in trees.items():
        for branch, full_name in _names(tree).items():
            places.setdefault(branch, (tree, full_name))
            if len(trees) > 1:
                places[f"{name}.{branch}"] = tree, full_name

    def read(names: Sequence[str], start: int, stop: int) -> dict[str, Column]:
        out: dict[str, Column] = {}
        for tree in trees.values():
            full_names = {name: places[name][1] for name in names if places[name][0] is tree}
            columns = _read(path, tree, list(dict.fromkeys(full_names.values())), start, stop)
            out |= {name: columns[full_name] for name, full_name in full_names.items()}
        return {name: out[name] for name in names}

    def flat() -> tuple[str, ...]:
        shortest = {(id(tree), full_name): name for name, (tree, full_name) in reversed(places.items())}
        return tuple(name for name in places if name in shortest.values() and _is_flat(*places[name]))

    return Source(int(first.num_entries), tuple(places), read, _basket_boundaries(first), flat=flat, remark=remark)


def _is_flat(tree: Tree, name: str) -> bool:
    """Return whether a branch holds one number for each entry."""
    try:
        if tree.classname != "TTree":
            return bool(_NUMBER.fullmatch(tree[name].typename))
        return is_plain(tree[name]) and not isinstance(tree[name].interpretation, uproot.AsJagged)
    except Exception:  # of a type that uproot does not know
        return False


def _names(tree: Tree) -> dict[str, str]:
    """Return the full names of all branches by the names that one may call them.

    A branch in a split record (`jet/jet.pt`) is also known by its last word where no other has that.
    """
    full_names = tree.keys()
    names = dict(zip(full_names, full_names, strict=True))
    short: dict[str, list[str]] = {}
    for name in full_names:
        if "/" in name:
            short.setdefault(name.rpartition("/")[2], []).append(name)
    return {last: found[0] for last, found in short.items() if len(found) == 1} | names


def _read(path: str, tree: Tree, names: list[str], start: int, stop: int) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    if tree.classname == "TTree":
        n_bytes = sum(tree[name].uncompressed_bytes for name in names)  # by the file's own counts
        check_bytes(path, n_bytes * (stop - start) / tree.num_entries, f"entries {start} to {stop - 1}")
    else:
        check_pages(path, tree, names, start, stop)
    try:
        if tree.classname == "TTree" and "://" not in path:  # a server is asked for all baskets at once, by uproot
            plain = [name for name in names if is_plain(tree[name])]
            with suppress(Exception):  # uproot then reads the branch, or raises the proper error
                columns = read_branches(tree, plain, start, stop)
        return columns | _by_uproot(tree, [name for name in names if name not in columns], start, stop)
    except Exception:
        if "://" not in path:
            os.stat(path)  # a file that has disappeared meanwhile is not the fault of a branch
        # One broken branch makes the common read fail: read them one by one to name it.
        return {name: _read_one(path, tree, name, start, stop) for name in names}


def _by_uproot(tree: Tree, names: list[str], start: int, stop: int) -> dict[str, ak.Array]:
    if not names:
        return {}
    columns: dict[str, ak.Array] = {}
    if tree.classname == "TTree":
        columns = {name: _array(tree, name, start, stop) for name in names if "/" in name}
    if together := [name for name in names if name not in columns]:
        arrays = tree.arrays(filter_name=together, entry_start=start, entry_stop=stop)
        columns |= {name: _field(arrays, name) for name in together}
    return columns


def _array(tree: Tree, name: str, start: int, stop: int) -> ak.Array:
    if tree.classname == "TTree":
        return tree[name].array(entry_start=start, entry_stop=stop)
    return _field(tree.arrays(filter_name=[name], entry_start=start, entry_stop=stop), name)


def _field(arrays: ak.Array, name: str) -> ak.Array:
    """Return a field of records; `jet.pt` of an ntuple is a field of the records of `jet`."""
    if name in arrays.fields:
        return arrays[name]
    for word in name.split("."):
        arrays = arrays[word]
    return arrays


def _basket_boundaries(tree: Tree) -> tuple[int, ...]:
    """Return the entries at which the baskets of the first constituent branch begin and end."""
    if tree.classname != "TTree":
        return ()
    first = next((name for name in tree.keys() if name.startswith("part_")), None)  # noqa: SIM118, no mapping
    return () if first is None else tuple(tree[first].entry_offsets)


def _uproot_target(path: str) -> Any:
    """Return the path for uproot, or the whole file in memory.

    The path is a key, since uproot would split a plain string at a colon. uproot requests parts of a file from web
    servers; where a server ignores the request and sends all of it, uproot would take the wrong bytes.
    """
    if not path.startswith(("http://", "https://")):
        return {path: None}
    request = urllib.request.Request(path, headers={"Range": "bytes=0-3"})
    with urllib.request.urlopen(request, timeout=60) as response:
        partial = response.status == http.HTTPStatus.PARTIAL_CONTENT
        return {path: None} if partial else io.BytesIO(response.read())


def _read_one(path: str, tree: Tree, name: str, start: int, stop: int) -> ak.Array:
    try:
        return _array(tree, name, start, stop)
    except Exception as error:
        kind = getattr(tree[name], "typename", "unknown type")
        raise PartError(
            f"{path}: branch {name} ({kind}), entries {start} to {stop - 1}: cannot be read ({type(error).__name__}); "
            "expected numbers in an undamaged file"
        ) from error
