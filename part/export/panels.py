"""One drawing for a paper of the same figure of several models."""

import re
from collections.abc import Sequence

from part.errors import PartError
from part.export.figure import Export
from part.export.reproduction import named_metadata
from part.figures.data import figure_data, limits_of_models, shared_limits
from part.figures.jet_view import JetView
from part.figures.style import TWO_COLUMNS
from part.figures.view import View

DRAWINGS = ("pdf", "svg", "png")


def models_stem(exports: Sequence[Export]) -> str:
    """Return the file name without ending, such as "part-full_part-kin_entry0_matrix_L4H6_pattern"."""
    names = [re.sub(r"[^A-Za-z0-9.-]+", "-", export.provenance.name) for export in exports]
    return "_".join([*names, exports[0].stem.removeprefix(names[0]).lstrip("_")])


def panel_limits(jet_views: Sequence[JetView], view: View) -> tuple[float, float] | None:
    """Return the limits that the panels of a view share: over all heads, or over the class tokens' rows."""
    if view.figure == "class":
        return shared_limits(figure_data(jet_view, view) for jet_view in jet_views)
    return limits_of_models(jet_views, view)


def render_models(exports: Sequence[Export], kind: str, width: float = TWO_COLUMNS) -> bytes:
    """Draw the same figure of several models as panels beside each other, with one colour bar or one legend.

    Parameters
    ----------
    exports : sequence of Export
        The figure of each model, of one view and one jet, with the same limits.
    kind : str
        "pdf", "svg" or "png".
    width : float
        Inches; `part.figures.style` has those of one and of two columns.

    Returns
    -------
    bytes
        The content of the file, whose metadata name the models, the jets and their checksums.

    Raises
    ------
    PartError
        If there is no such kind of drawing, or the figures cannot be drawn together.
    """
    from part.figures.matplotlib import draw_models, figure_bytes

    if kind not in DRAWINGS:
        raise PartError(f"Figures of several models are drawn as {', '.join(DRAWINGS)}; got {kind!r}.")
    drawing = draw_models([export.data for export in exports], width)
    sources = [export.provenance for export in exports]
    models = ", ".join(f"{source.model} (sha256 {source.model_sha256})" for source in sources)
    about = f"models {models}; jets {sources[0].jets} (entry {sources[0].entry})"
    title = f"{', '.join(source.name for source in sources)}: {exports[0].data.title}"
    return figure_bytes(drawing, kind, named_metadata(title, about, kind))
