"""Jets as models see them, and the figures of pages: pixels for the canvases, charts, and files to download."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import plotly.graph_objects as go

from app.services.caching import cached
from app.services.files import JetFile
from app.services.jets import error_context, jets_at
from app.services.models import (
    command_line_name,
    missing_capability,
    relative_to_root,
    run_on_model_thread,
    split_options,
)
from app.services.uploads import training_folder
from part import export
from part.analysis.study import Result
from part.figures import jet_view as jet_views
from part.figures.charts import Chart
from part.figures.heatmaps import Mosaic, make_heatmap
from part.figures.jet_view import JetView
from part.figures.mosaic_bytes import HeadMarks, mosaic_bytes
from part.figures.particles import Constituents, constituents
from part.figures.plotly.charts import draw_chart
from part.figures.sentences import jet as jet_sentences
from part.figures.studies import study_charts as library_study_charts
from part.figures.view import QUANTITY_TITLES, View, lower_first
from part.inference.tagger import Tagger
from part.jets.preprocessing import keep_leading
from part.models.numerics.precision import parse_model_name

Limits = tuple[float, float] | None
Marks = HeadMarks | None
_CAPABILITIES = {"scores_qk": ("qk",), "bias": ("bias",)}  # that a quantity needs; others need attention


@cached(max_entries=40)  # of 16 visitors the jet that each sees, and the next; 5 MB for one of 70 constituents
def view_jet(file: JetFile, entry: int, model: Tagger, name: str) -> JetView:
    """Return a jet as a model sees it.

    Parameters
    ----------
    file, entry
        The jet.
    model : Tagger
        The model.
    name : str
        What the page calls it.

    Raises
    ------
    PartError
        For instance if the jets lack what the model needs.
    """
    file = file.for_model(model)
    jet = jets_at(file, [entry])
    with error_context(file):
        trace = run_on_model_thread(model.trace, jet).jet(0)
        build = partial(jet_views.view_jet, model, jet, trace, _constituents(file, entry), name=name)
        # A model with this kernel runs once more, to say how far the two are apart.
        return run_on_model_thread(build) if model.backend == "flash" else build()


@cached(max_entries=64)
def _constituents(file: JetFile, entry: int) -> Constituents:
    kinds = tuple(collection.name for collection in file.config.collections) if file.config else ()
    return constituents(keep_leading(jets_at(file, [entry]))[0], kinds)


def needed_capabilities(quantity: str) -> tuple[str, ...]:
    """Return what a model needs so that a quantity exists, see `part.inference.capabilities`."""
    return _CAPABILITIES.get(quantity, ("attention",))


def missing_quantity(model: Tagger, jet_view: JetView, quantity: str) -> str | None:
    """Return a sentence on why a model has no such quantity, or None if it has."""
    if quantity in jet_view.quantities:
        return None
    title = lower_first(QUANTITY_TITLES[quantity])
    return missing_capability(model, *needed_capabilities(quantity)) or f"A {model.config.model} has no {title}."


@cached(max_entries=64)
def mosaic_pixels(key: str, limits: Limits, theme: str, _jet_view: JetView, _view: View, _marks: Marks = None) -> bytes:
    """Return the mosaic of all heads for its canvas; `key` identifies jet, model, view and marks by content."""
    mosaic = make_heatmap(Mosaic, _jet_view, replace(_view, figure="mosaic"), limits)
    return mosaic_bytes(mosaic, theme, key, _marks or HeadMarks())


@cached(max_entries=48)
def heads_sentence(key: str, _jet_view: JetView) -> str:
    """Return which heads of a jet attend to few keys and which to many; `key` identifies jet and model by content."""
    return jet_sentences.all_heads(_jet_view)


def plotly_chart(chart: Chart, theme: str, height: int, accents: Sequence[str] = ()) -> go.Figure:
    """Return the chart of a study as the page shows it."""
    return draw_chart(chart, theme, height, accents)


def study_charts(study: str, result: Result) -> dict[str, Chart]:
    """Return all charts of the result of a study, by name in the order of showing."""
    return library_study_charts(study, result)


def chart_file(chart: Chart, title: str, kind: str) -> bytes:
    """Return the chart of a study for a paper, as "pdf" or "svg"."""
    from part.figures.matplotlib import chart_metadata, figure_bytes  # takes seconds to import
    from part.figures.matplotlib.charts import draw_chart as draw_for_paper

    return figure_bytes(draw_for_paper(chart), kind, chart_metadata(f"{title}: {chart.title}", chart.sentence, kind))


def export_figure(
    file: JetFile, shown_name: str, entry: int, model: Tagger, name: str, view: View, limits: Limits, kind: str
) -> bytes:
    """Return one exported file of a figure.

    Parameters
    ----------
    file, entry, model, name
        See `view_jet`.
    shown_name : str
        The jets' file as the user knows it; for an upload its own name.
    view, limits
        The figure, and the page's limits of colours or edges.
    kind : str
        One of `export.FORMATS`, or "zip" for all of them.
    """
    exported = _make_export(file, shown_name, entry, model, name, view, limits)
    return export.bundle(exported) if kind == "zip" else export.render(exported, kind)


def export_models(
    file: JetFile, shown_name: str, entry: int, models: Mapping[str, Tagger], view: View, kind: str, width: float
) -> bytes:
    """Return one drawing with a panel for each model, by name; `width` is in inches. See `export_figure`."""
    from part.export.panels import panel_limits, render_models

    limits = panel_limits([view_jet(file, entry, model, name) for name, model in models.items()], view)
    figures = [_make_export(file, shown_name, entry, model, name, view, limits) for name, model in models.items()]
    return render_models(figures, kind, width)


def _make_export(
    file: JetFile, shown_name: str, entry: int, model: Tagger, name: str, view: View, limits: Limits
) -> export.Export:
    file = file.for_model(model)
    jet = jets_at(file, [entry])
    jets_name = shown_name if file.uploaded else relative_to_root(file.path)
    with error_context(file):
        origin = export.origin(
            model, command_line_name(name), jets_name, entry, view, jets_sha256=file.sha256, name=name
        )
        return run_on_model_thread(export.make, model, jet, _with_uploaded_names(origin, name), limits)


def _with_uploaded_names(origin: export.Provenance, name: str) -> export.Provenance:
    """Return where a figure is from, with the names of an uploaded training's files instead of their places here."""
    folder = training_folder(parse_model_name(split_options(name)[0])[0])
    if folder is None:
        return origin
    training = origin.training
    names = {key: Path(path).name for key in ("config", "network") if (path := getattr(training, key)) is not None}
    return replace(origin, model=folder.name, training=replace(training, **names))
