"""Findings -> charts: a module a kind of study, each with `charts(findings)`, by name in the order of showing."""

from importlib import import_module

from part.figures.charts import Chart


def charts_of(kind: str, findings) -> dict[str, Chart]:
    """All charts of the findings of a kind of study (a name in `part.analysis.registry`)."""
    return import_module(f"part.figures.studies.{kind}").charts(findings)
