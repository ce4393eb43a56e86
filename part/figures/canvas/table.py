"""The payload of the table of constituents."""

import numpy as np

from part.figures.constituent_colours import constituent_colours
from part.figures.constituent_table import tabulate_constituents
from part.figures.jet_view import JetView
from part.figures.view import View


def table_payload(jet_view: JetView, view: View, height: int, painted: str) -> dict:
    """Return the constituents in the view's order, with the chosen query's attention to each.

    The parameters are those of `display_payload`.
    """
    columns = _columns(jet_view, view)
    numbers, colours = columns["#"], constituent_colours(jet_view, view)
    return {
        "key": painted,
        "height": height,
        "columns": [(heading, values.dtype.kind == "U") for heading, values in columns.items()],
        "rows": [list(row) for row in zip(*(_texts(values) for values in columns.values()), strict=True)],
        "numbers": numbers.tolist(),
        "colours": [colours[number - 1] for number in numbers],
        "chosen": None if view.query is None else view.query + 1,
    }


def _columns(jet_view: JetView, view: View) -> dict[str, np.ndarray]:
    """Return the columns with attention before the angles, since a narrow table shows only the first ones."""
    columns = tabulate_constituents(jet_view, view)
    indices = columns["#"] - 1
    if "species" in columns:
        columns["species"] = np.array([jet_view.constituents.symbol(i) for i in indices])
    if view.query is not None and view.quantity in jet_view.quantities:
        weights = jet_view.pair_weights(view.quantity, view.layer, view.head)[view.query]
        columns[f"from {view.query + 1}"] = weights[indices]
    if "attention received" in columns:
        columns["received"] = columns.pop("attention received")
    first = ["#", "species", "pT [GeV]", f"from {(view.query or 0) + 1}", "received", "subjet", "prong"]
    names = [name for name in first if name in columns]
    return {name: columns[name] for name in [*names, *(name for name in columns if name not in names)]}


def _texts(values: np.ndarray) -> list[str]:
    if values.dtype.kind == "U":
        return values.tolist()
    if values.dtype.kind in "iu" or not np.mod(values, 1).any():
        return [f"{value:.0f}".replace("-", "−") for value in values.tolist()]
    return ["" if np.isnan(value) else f"{value:.3g}".replace("-", "−") for value in values.tolist()]
