"""Charts of studies: a module per kind with `charts(result)`. May import the analyses and the figures' data."""

from importlib import import_module
from typing import Any

from part.figures.charts import Chart


def study_charts(kind: str, result: Any) -> dict[str, Chart]:
    """Return all charts of a study.

    Parameters
    ----------
    kind : str
        The study's name in `part.analysis.registry`.
    result : Any
        What the study returned.

    Returns
    -------
    dict of str to Chart
        The charts by name, in the order in which they are shown.
    """
    return import_module(f"part.figures.studies.{kind}").charts(result)


def study_downloads(kind: str, result: Any) -> dict[str, bytes]:
    """Return the files that a study has beside its table, arrays and charts, by name; most have none.

    Parameters
    ----------
    kind, result
        See `study_charts`.
    """
    make = getattr(import_module(f"part.figures.studies.{kind}"), "downloads", None)
    return {} if make is None else make(result)
