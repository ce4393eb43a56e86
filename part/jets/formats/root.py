"""JetClass-schema ROOT files: a TTree or an RNTuple, local or at any URL that uproot opens."""

import http
import io
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache

import uproot
import xxhash

from part.errors import PartError
from part.jets.formats.baskets import read_branches
from part.jets.formats.source import Source

TREE = "tree"
KINDS = ("TTree", "ROOT::RNTuple")
REMEMBERED = 256  # files


@contextmanager
def open_root(path: str) -> Iterator[Source]:
    """Open the object named `tree`, or the only tree or ntuple of the file."""
    if "://" in path:
        with uproot.open(_where(path)) as file:
            yield _source(path, file)
    else:
        status = os.stat(path)
        yield _local(path, status.st_ino, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=REMEMBERED)
def _local(path: str, *_unchanged: int) -> Source:
    """A file on disk. What is in it is remembered, since to find out takes as long as to read a thousand jets."""
    return _source(path, uproot.open({path: None}, array_cache=None))  # uproot opens it anew for each read


def _source(path: str, file: uproot.ReadOnlyDirectory) -> Source:
    tree = file[_tree_name(path, file.classnames())]
    if tree.classname == "ROOT::RNTuple":
        _check_page_lists(path, tree)
    by_basket = tree.classname == "TTree" and "://" not in path  # uproot asks a server for all baskets at once

    def read(names, start, stop):
        bounds = {"entry_start": start, "entry_stop": stop}
        try:
            if by_basket:
                with suppress(Exception):  # then uproot may know how, or what is wrong
                    return read_branches(tree, names, start, stop)
            arrays = tree.arrays(filter_name=list(names), **bounds)
            return {name: arrays[name] for name in names}
        except Exception:
            if "://" not in path:
                os.stat(path)  # it may have gone away meanwhile, which is no fault of a branch
            # One broken branch spoils the common read: read them one by one to name it.
            return {name: _read_one(path, tree, name, bounds) for name in names}

    branches = tuple(tree.keys())
    edges = _baskets(tree, branches) if tree.classname == "TTree" else ()
    return Source(int(tree.num_entries), branches, read, edges)


def _baskets(tree: uproot.TTree, branches: tuple[str, ...]) -> tuple[int, ...]:
    """Where the baskets of the first constituent branch begin and end."""
    first = next((name for name in branches if name.startswith("part_")), None)
    return () if first is None else tuple(tree[first].entry_offsets)


def _check_page_lists(path: str, ntuple: uproot.models.RNTuple.Model_ROOT_3a3a_RNTuple) -> None:
    """The checksums that uproot does not look at: one wrong byte here asks for gigabytes of pages."""
    for record in ntuple.footer.cluster_group_records:
        link = record.page_list_link
        chunk, cursor = ntuple.read_locator(link.locator, link.env_uncomp_size)
        content = bytes(chunk.get(cursor.index, cursor.index + link.env_uncomp_size, cursor, {}))
        if xxhash.xxh3_64_intdigest(content[:-8]) != int.from_bytes(content[-8:], "little"):
            raise PartError(f"{path}: the page list of the RNTuple is damaged; expected an undamaged ROOT file")


def _where(path: str) -> dict | io.BytesIO:
    """The path for uproot (as a key: a colon in it is part of the name), or the bytes it cannot pick.

    uproot asks web servers for parts of a file; of one that sends all of it regardless, uproot takes the
    wrong bytes. Then the whole file is held in memory.
    """
    if not path.startswith(("http://", "https://")):
        return {path: None}
    request = urllib.request.Request(path, headers={"Range": "bytes=0-3"})
    with urllib.request.urlopen(request, timeout=60) as response:
        partial = response.status == http.HTTPStatus.PARTIAL_CONTENT
        return {path: None} if partial else io.BytesIO(response.read())


def _read_one(path, tree, name, bounds):
    try:
        return tree.arrays(filter_name=[name], **bounds)[name]
    except Exception as error:
        span = f"entries {bounds['entry_start']} to {bounds['entry_stop'] - 1}"
        kind = getattr(tree[name], "typename", "unknown type")
        raise PartError(
            f"{path}: branch {name} ({kind}), {span}: cannot be read ({type(error).__name__}); "
            "expected numbers in an undamaged file"
        ) from error


def _tree_name(path: str, classnames: dict[str, str]) -> str:
    names = sorted({key.split(";")[0] for key, kind in classnames.items() if kind in KINDS})
    if TREE in names:
        return TREE
    if not names:
        raise PartError(f"{path}: holds no tree; expected a TTree or RNTuple named '{TREE}'")
    if len(names) > 1:
        raise PartError(
            f"{path}: holds several trees ({', '.join(names[:5])}); expected one named '{TREE}' or only one"
        )
    return names[0]
