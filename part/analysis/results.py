"""The results of a study as files: all numbers as JSON, the table as CSV, the arrays as NPZ."""

import csv
import io
import json
from typing import Any

import numpy as np

from part.analysis.study import Result

KINDS = ("json", "csv", "npz")


def result_bytes(result: Result, kind: str, provenance: dict[str, Any] | None = None) -> bytes:
    """Return the content of one file of results.

    Parameters
    ----------
    result : Result
        What a study measured.
    kind : str
        "json": the provenance and the rows; "csv": the rows; "npz": the arrays.
    provenance : dict, optional
        What the JSON says first: the study, the model, its weights' sha256, the files or entries.

    Raises
    ------
    ValueError
        For another kind.
    """
    match kind:
        case "json":
            text = json.dumps((provenance or {}) | {"rows": result.rows()}, indent=1, ensure_ascii=False)
            return (text + "\n").encode()
        case "csv":
            rows, table = result.rows(), io.StringIO(newline="")
            writer = csv.DictWriter(table, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
            return table.getvalue().encode()
        case "npz":
            archive = io.BytesIO()
            arrays: dict[str, Any] = dict(result.arrays())
            np.savez_compressed(archive, **arrays)
            return archive.getvalue()
    raise ValueError(f"unknown kind {kind!r}; expected one of {', '.join(KINDS)}")
