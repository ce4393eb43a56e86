"""A figure that is ready to be exported."""

import re
import threading
from dataclasses import dataclass

import awkward as ak
import torch

from part.figures.data import FigureData, figure_data
from part.figures.jet_view import view_jet
from part.figures.provenance import Provenance
from part.figures.style import COLUMN
from part.inference.tagger import Tagger

_threads_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Export:
    """A figure that can be written in any of `FORMATS`.

    Attributes
    ----------
    data : figure data
        What is drawn, see `part.figures.figure_data`.
    provenance : Provenance
        Where it comes from.
    width : float
        Inches on paper.
    """

    data: FigureData
    provenance: Provenance
    width: float = COLUMN

    @property
    def stem(self) -> str:
        """The file name without ending, such as "part-full_entry0_matrix_L4H6_pattern"."""
        view = self.provenance.view
        name = re.sub(r"[^A-Za-z0-9.-]+", "-", self.provenance.name)
        words = [name, f"entry{self.provenance.entry}", view.figure]
        if view.figure in ("matrix", "display"):
            words.append(f"L{view.layer + 1}H{view.head + 1}")
        if view.figure in ("matrix", "mosaic", "display"):
            words.append(view.quantity)
        return "_".join(words)


def make(
    tagger: Tagger,
    jet: ak.Array,
    provenance: Provenance,
    limits: tuple[float, float] | None = None,
    width: float = COLUMN,
) -> Export:
    """Compute a figure for export.

    The model runs on one thread, because the last digits of its numbers depend on how many threads share the work.

    Parameters
    ----------
    tagger : Tagger
        The model.
    jet : ak.Array
        One jet as read, an array of length 1.
    provenance : Provenance
        Where the figure comes from, and the view that it shows; see `origin`.
    limits : tuple of float, optional
        Limits of the colours or edges, as for `part.figures.figure_data`.
    width : float
        Inches on paper.

    Returns
    -------
    Export

    Raises
    ------
    PartError
        If the model or the jet does not have what the view shows.
    """
    with _threads_lock:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            jet_view = view_jet(tagger, jet, name=provenance.name)
        finally:
            torch.set_num_threads(threads)
    return Export(figure_data(jet_view, provenance.view, limits), provenance, width)
