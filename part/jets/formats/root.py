"""JetClass-schema ROOT files: a TTree or an RNTuple, local or at any URL that uproot opens."""

import http
import io
import os
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

import awkward as ak
import uproot
import xxhash

from part.errors import PartError
from part.jets.formats.baskets import read_branches
from part.jets.formats.source import Column, Source

TREE = "tree"
TREE_CLASSES = ("TTree", "ROOT::RNTuple")
MAX_CACHED_FILES = 256


@contextmanager
def open_root(path: str) -> Generator[Source, None, None]:
    """Open the object named `tree`, or the only tree or ntuple of the file."""
    if "://" in path:
        with uproot.open(_uproot_target(path)) as file:
            yield _source(path, file)
    else:
        status = os.stat(path)
        yield _local(path, status.st_ino, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=MAX_CACHED_FILES)
def _local(path: str, *_unchanged: int) -> Source:
    """Open a file on disk. Its structure is cached, since parsing it takes as long as reading a thousand jets."""
    target: Any = {path: None}  # uproot allows None, but does not say so
    return _source(path, uproot.open(target, array_cache=None))  # uproot reopens the file for each read


def _source(path: str, file: uproot.ReadOnlyDirectory) -> Source:
    tree = file[_tree_name(path, file.classnames())]
    if tree.classname == "ROOT::RNTuple":
        _check_page_lists(path, tree)
    by_basket = tree.classname == "TTree" and "://" not in path  # from a server, uproot requests all baskets at once

    def read(names: Sequence[str], start: int, stop: int) -> dict[str, Column]:
        bounds = {"entry_start": start, "entry_stop": stop}
        try:
            if by_basket:
                with suppress(Exception):  # uproot then reads the branch, or raises the proper error
                    return read_branches(tree, names, start, stop)
            arrays = tree.arrays(filter_name=list(names), **bounds)
            return {name: arrays[name] for name in names}
        except Exception:
            if "://" not in path:
                os.stat(path)  # a file that has disappeared meanwhile is not the fault of a branch
            # One broken branch makes the common read fail: read them one by one to name it.
            return {name: _read_one(path, tree, name, bounds) for name in names}

    branches = tuple(tree.keys())
    boundaries = _basket_boundaries(tree, branches) if tree.classname == "TTree" else ()
    return Source(int(tree.num_entries), branches, read, boundaries)


def _basket_boundaries(tree: uproot.TTree, branches: tuple[str, ...]) -> tuple[int, ...]:
    """Return the entries at which the baskets of the first constituent branch begin and end."""
    first = next((name for name in branches if name.startswith("part_")), None)
    return () if first is None else tuple(tree[first].entry_offsets)


def _check_page_lists(path: str, ntuple: uproot.models.RNTuple.Model_ROOT_3a3a_RNTuple) -> None:
    """Verify the checksums that uproot ignores: one wrong byte here requests gigabytes of pages."""
    for record in ntuple.footer.cluster_group_records:
        link = record.page_list_link
        chunk, cursor = ntuple.read_locator(link.locator, link.env_uncomp_size)
        content = bytes(chunk.get(cursor.index, cursor.index + link.env_uncomp_size, cursor, {}))
        if xxhash.xxh3_64_intdigest(content[:-8]) != int.from_bytes(content[-8:], "little"):
            raise PartError(f"{path}: the page list of the RNTuple is damaged; expected an undamaged ROOT file")


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


def _read_one(path: str, tree: uproot.TTree, name: str, bounds: dict[str, int]) -> ak.Array:
    try:
        return tree.arrays(filter_name=[name], **bounds)[name]
    except Exception as error:
        entries = f"entries {bounds['entry_start']} to {bounds['entry_stop'] - 1}"
        kind = getattr(tree[name], "typename", "unknown type")
        raise PartError(
            f"{path}: branch {name} ({kind}), {entries}: cannot be read ({type(error).__name__}); "
            "expected numbers in an undamaged file"
        ) from error


def _tree_name(path: str, classnames: dict[str, str]) -> str:
    names = sorted({key.split(";")[0] for key, kind in classnames.items() if kind in TREE_CLASSES})
    if TREE in names:
        return TREE
    if not names:
        raise PartError(f"{path}: holds no tree; expected a TTree or RNTuple named '{TREE}'")
    if len(names) > 1:
        raise PartError(
            f"{path}: holds several trees ({', '.join(names[:5])}); expected one named '{TREE}' or only one"
        )
    return names[0]
