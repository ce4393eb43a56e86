"""The numbers of a figure as NPZ and CSV, with the names of axes and units.

Layers, heads and constituents (in file order) count from 0. Shapes: n constituents.
"""

import csv
import io
import json

import numpy as np

from part.figures.data import FigureData
from part.figures.display import Display
from part.figures.heatmaps import Heatmap, Numbers
from part.figures.prediction import Prediction
from part.figures.scene import Scene
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
    "subjet": "exclusive kT subjet, 0 the hardest",
    "d0": "transverse impact parameter",
    "d0_significance": "d0 over its error",
    "dz": "longitudinal impact parameter",
    "dz_significance": "dz over its error",
}


def constituent_numbers(scene: Scene) -> dict[str, Numbers]:
    """What is known of each constituent (n,), in file order."""
    known = {name: getattr(scene.constituents, name) for name in MEANINGS}
    return {
        f"constituent_{name}": Numbers(values, ("constituent",), UNITS.get(name, "1"), MEANINGS[name])
        for name, values in known.items()
        if values is not None
    }


def all_numbers(data: FigureData) -> dict[str, Numbers]:
    """Those that the figure shows and, if it shows them, those of the constituents."""
    return data.numbers() | ({} if isinstance(data, Prediction) else constituent_numbers(data.scene))


def describe(data: FigureData) -> dict[str, dict]:
    """Array name -> its axes, shape, type, unit and meaning."""
    return {
        name: {
            "axes": list(numbers.axes),
            "shape": list(numbers.values.shape),
            "dtype": str(numbers.values.dtype),
            "unit": numbers.unit,
            "meaning": numbers.meaning,
        }
        for name, numbers in all_numbers(data).items()
    }


def to_npz(data: FigureData) -> bytes:
    """All arrays; `description` holds the JSON of `describe`."""
    arrays = {name: numbers.values for name, numbers in all_numbers(data).items()}
    out = io.BytesIO()
    np.savez_compressed(out, description=json.dumps(describe(data), ensure_ascii=False), **arrays)
    return out.getvalue()


def to_csv(data: FigureData) -> bytes:
    """One row per value shown: pair of constituents, token, edge or class. Units stand in the headings."""
    match data:
        case Prediction():
            columns = _prediction_columns(data)
        case Display():
            columns = {"query_index": data.query, "key_index": data.key}
            columns |= _pair_columns(data.scene, data.query, data.key)
            columns |= {_heading(data.quantity_title): data.weight, "within_subjet": data.within.astype(int)}
        case Heatmap():
            columns = _heatmap_columns(data)
    return _write(columns)


def constituents_csv(scene: Scene) -> bytes:
    """One row per constituent, in file order."""
    columns = {"constituent_index": np.arange(len(scene.constituents))}
    for name, numbers in constituent_numbers(scene).items():
        unit = "" if numbers.unit == "1" else f" [{numbers.unit}]"
        columns[name.removeprefix("constituent_") + unit] = numbers.values
    return _write(columns)


def _heatmap_columns(data: Heatmap) -> dict[str, np.ndarray]:
    index = dict(zip(data.axes, np.indices(data.values.shape), strict=True))
    columns = {f"{axis.replace(' ', '_')}_index": values.ravel() for axis, values in index.items()}
    if "token" in index:
        constituent = np.append(-1, data.order)[columns.pop("token_index")]
        columns["constituent_index"] = constituent  # -1: the class token itself
    elif "slot" in index:
        columns["query_index"] = data.order[columns["query_index"]]
    else:
        query, key = (data.order[columns[f"{role}_index"]] for role in ("query", "key"))
        columns |= {"query_index": query, "key_index": key}
        if data.values.ndim == 2:  # a million pairs of a mosaic need no repetition
            columns |= _pair_columns(data.scene, query, key)
    return columns | {_heading(data.quantity_title): data.values.ravel()}


def _pair_columns(scene: Scene, query: np.ndarray, key: np.ndarray) -> dict[str, np.ndarray]:
    particles = scene.constituents
    return {
        "query_pt [GeV]": particles.pt[query],
        "key_pt [GeV]": particles.pt[key],
        "delta_r [rad]": particles.pair_delta_r[query, key],
    }


def _prediction_columns(data: Prediction) -> dict[str, np.ndarray]:
    columns = {name: numbers.values for name, numbers in data.numbers().items()}
    return {
        "class": columns["titles"],
        "probability": columns["probabilities"],
        "logit": columns["logits"],
        "is_truth": (np.arange(len(data.titles)) == data.truth).astype(int),
    }


def _heading(quantity_title: str) -> str:
    """A title of ours as a heading without spaces and symbols."""
    plain = quantity_title.lower().replace("q·k/√d", "qk_over_sqrt_d").replace(" + ", "_plus_")
    return plain.replace(" ", "_").replace("-", "_")


def _write(columns: dict[str, np.ndarray]) -> bytes:
    """Numbers in the fewest digits that give back the same number of the same type."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(zip(*(values.astype(str).tolist() for values in columns.values()), strict=True))
    return out.getvalue().encode()
