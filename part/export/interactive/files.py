"""The interactive page of jets of a file."""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

import awkward as ak

from part.errors import PartError
from part.export.interactive.page import PageModel, interactive_page
from part.figures.jet_view import JetView, view_jet
from part.figures.provenance import file_sha256
from part.figures.view import View
from part.inference.tagger import Tagger
from part.jets.config.config import DataConfig
from part.jets.readers import read_jets


def page_of_file(
    taggers: Mapping[str, Tagger], path: str | os.PathLike, entries: Sequence[int], view: View | None = None
) -> str:
    """Write the interactive page of jets of a file.

    Parameters
    ----------
    taggers : mapping of str to Tagger
        One to four models by the names that the page shows.
    path : str or path
        The file or URL of the jets.
    entries : sequence of int
        One to 20 entries, from 0.
    view : View, optional
        What the page shows at first.

    Returns
    -------
    str
        HTML, see `interactive_page`. A model that cannot take a jet says why in its place.

    Raises
    ------
    PartError
        If the file cannot be read, or no model can take any of the jets.
    """
    checksum = file_sha256(path)
    source = os.path.basename(os.fspath(path)) + (f" sha256 {checksum[:12]}" if checksum else "")
    models = [PageModel.of_tagger(name, tagger) for name, tagger in taggers.items()]
    read = cache(partial(_read, path))
    views = [[_view(name, tagger, read, entry) for name, tagger in taggers.items()] for entry in entries]
    return interactive_page(models, views, entries, source, view)


def _read(path: str | os.PathLike, entry: int, config: DataConfig | None) -> ak.Array:
    return read_jets(path, entry, entry + 1, config=config)


def _view(name: str, tagger: Tagger, read: Callable[..., ak.Array], entry: int) -> JetView | PartError:
    try:
        jet = read(entry, tagger.data_config)
        if not len(jet):
            return PartError(f"Entry {entry} is a jet that the data config does not select.")
        return view_jet(tagger, jet, name=name)
    except PartError as error:
        return error
