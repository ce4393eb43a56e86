"""The colours of a jet's constituents: those of their subjets or of their prongs."""

from part.figures.jet_view import JetView
from part.figures.palette import prong_colour, subjet_colour
from part.figures.view import View


def colour_by(jet_view: JetView, view: View) -> str:
    """Return what colours stand for, one of `part.figures.view.COLOURS`; jets without prongs have those of subjets."""
    return view.colour if jet_view.partons is not None and jet_view.partons.n_prongs else "subjet"


def constituent_colours(jet_view: JetView, view: View) -> list[str]:
    """Return the colour of each constituent (n,), that of its subjet or of its prong."""
    if (by := colour_by(jet_view, view)) == "subjet" or jet_view.partons is None:
        return [subjet_colour(i) for i in jet_view.constituents.subjet]
    return [prong_colour(i) for i in jet_view.partons.prong(by)]
