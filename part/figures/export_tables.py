"""The arrays of a figure as NPZ and CSV, with the names of axes and units.

Layers, heads and constituents (in file order) count from 0 in NPZ, as in all arrays of the library, and from 1 in CSV,
which people read. Shapes: n constituents.
"""

import csv
import io
import json
from typing import Any

import numpy as np

from part.figures.data import FigureData
from part.figures.display import Display
from part.figures.heatmaps import Heatmap, LabelledArray
from part.figures.jet_view import JetView
from part.figures.prediction import Prediction
from part.jets.schema import SPECIES

UNITS = {"pt": "GeV", "energy": "GeV", "deta": "rad", "dphi": "rad", "delta_r": "rad", "d0": "mm", "dz": "mm"}
MEANINGS = {
    "pt": "transverse momentum",
    "energy": "energy",
    "deta": "pseudorapidity from the jet axis, times the sign of the jet's",
    "dphi": "azimuth from the jet axis",
    "delta_r": "distance to the jet axis",
    "charge": "electric charge (e)",
    "species": f"index into {', '.join(SPECIES)}; -1 unknown",
    "kind": "index of the collection that the token belongs to",
    "subjet": "exclusive kT subjet, 0 the leading one",
    "d0": "transverse impact parameter",
    "d0_significance": "d0 over its error",
    "dz": "longitudinal impact parameter",
    "dz_significance": "dz over its error",
}


def constituent_arrays(jet_view: JetView) -> dict[str, LabelledArray]:
    """Return the arrays (n,) that the file has of each constituent, in file order."""
    particles = jet_view.constituents
    arrays = {name: getattr(particles, name) for name in MEANINGS}
    if not particles.has_momenta:
        arrays |= dict.fromkeys(("pt", "energy", "deta", "dphi", "delta_r", "subjet"))
    prongs = jet_view.partons.prong_arrays() if jet_view.partons is not None and jet_view.partons.n_prongs else {}
    return {
        f"constituent_{name}": LabelledArray(values, ("constituent",), UNITS.get(name, "1"), MEANINGS[name])
        for name, values in arrays.items()
        if values is not None
    } | prongs


def all_arrays(data: FigureData) -> dict[str, LabelledArray]:
    """Return the arrays that the figure shows and, unless it is a prediction, those of the constituents."""
    return data.arrays() | ({} if isinstance(data, Prediction) else constituent_arrays(data.jet_view))


def describe(data: FigureData) -> dict[str, dict]:
    """Return axes, shape, type, unit and meaning of each array by its name."""
    return {
        name: {
            "axes": list(array.axes),
            "shape": list(array.values.shape),
            "dtype": str(array.values.dtype),
            "unit": array.unit,
            "meaning": array.meaning,
        }
        for name, array in all_arrays(data).items()
    }


def to_npz(data: FigureData) -> bytes:
    """Return an NPZ file of all arrays; its `description` holds the JSON of `describe`."""
    arrays: dict[str, Any] = {name: array.values for name, array in all_arrays(data).items()}
    out = io.BytesIO()
    np.savez_compressed(out, description=json.dumps(describe(data), ensure_ascii=False), **arrays)
    return out.getvalue()


def to_csv(data: FigureData) -> bytes:
    """Return a CSV file of one row per value shown: pair of constituents, token, edge or class."""
    match data:
        case Prediction():
            columns = _prediction_columns(data)
        case Display():
            columns = {"query": data.query + 1, "key": data.key + 1}
            columns |= _pair_columns(data.jet_view, data.query, data.key)
            columns |= {_heading(data.quantity_title): data.weight, "within_subjet": data.within_subjet.astype(int)}
        case Heatmap():
            columns = _heatmap_columns(data)
    return _write(columns)


def constituents_csv(jet_view: JetView) -> bytes:
    """Return a CSV file of one row per constituent, in file order."""
    columns = {"constituent": np.arange(len(jet_view.constituents)) + 1}
    for name, array in constituent_arrays(jet_view).items():
        unit = "" if array.unit == "1" else f" [{array.unit}]"
        columns[name.removeprefix("constituent_") + unit] = array.values
    return _write(columns)


def _heatmap_columns(data: Heatmap) -> dict[str, np.ndarray]:
    names = [axis.replace(" ", "_") for axis in data.axes]
    index = {name: values.ravel() for name, values in zip(names, np.indices(data.values.shape), strict=True)}
    columns = {axis: values + 1 for axis, values in index.items() if axis != "token"}
    if "token" in index:
        columns["constituent"] = np.append(0, data.order + 1)[index["token"]]  # 0 is the class token itself
    elif "slot" in index:
        columns["query"] = data.order[index["query"]] + 1
    else:
        query, key = (data.order[index[role]] for role in ("query", "key"))
        columns |= {"query": query + 1, "key": key + 1}
        if data.values.ndim == 2:  # in a mosaic the same columns would repeat for each head
            columns |= _pair_columns(data.jet_view, query, key)
    return columns | {_heading(data.quantity_title): data.values.ravel()}


def _pair_columns(jet_view: JetView, query: np.ndarray, key: np.ndarray) -> dict[str, np.ndarray]:
    particles = jet_view.constituents
    return {
        "query_pt [GeV]": particles.pt[query],
        "key_pt [GeV]": particles.pt[key],
        "delta_r [rad]": particles.pair_delta_r[query, key],
    }


def _prediction_columns(data: Prediction) -> dict[str, np.ndarray]:
    columns, truth = {name: array.values for name, array in data.arrays().items()}, data.jet_view.truth
    is_truth = [i == truth for i in range(len(data.titles))] + [truth in group.members for group in data.groups]
    return {
        "class": columns["titles"],
        "probability": columns["probabilities"],
        "logit": columns["logits"],
        "is_truth": np.array(is_truth, int),
    }


def _heading(quantity_title: str) -> str:
    """Return a quantity's title as a heading without spaces and symbols."""
    plain = quantity_title.lower().replace("q·k/√d", "qk_over_sqrt_d").replace(" + ", "_plus_")
    return plain.replace(" ", "_").replace("-", "_")


def _write(columns: dict[str, np.ndarray]) -> bytes:
    """Write numbers with the fewest digits that give back the same number of the same type."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(zip(*(values.astype(str).tolist() for values in columns.values()), strict=True))
    return out.getvalue().encode()
