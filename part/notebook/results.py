"""The result of a study in a notebook: its first chart, what that shows, and the first rows of its table."""

from typing import Any

from part.errors import PartError
from part.figures.charts import Chart
from part.figures.matplotlib import figure_bytes
from part.figures.matplotlib.charts import draw_chart
from part.figures.studies import study_charts
from part.notebook.html import block, heading, image, line, table

# The study of a result by the name of its class; its charts are in part/figures/studies/NAME.py.
STUDIES = {
    "AttributionResult": "attribution",
    "JetAttributionResult": "attribution_jet",
    "BiasResult": "bias",
    "BiasAblationResult": "bias_switch",
    "TopKResult": "topk",
    "PatchingResult": "patching",
    "IRCResult": "irc",
    "ProbesResult": "probes",
    "LensResult": "lens",
    "ImportanceResult": "importance",
    "SparsityResult": "sparsity",
    "ComponentsResult": "components",
    "PhysicsResult": "physics",
    "TruthResult": "truth",
    "AtlasResult": "atlas",
    "DirectResult": "direct",
    "CircuitResult": "circuit",
    "DictionaryResult": "dictionary",
    "SimilarityResult": "similarity",
    "EdgesResult": "edges",
    "MeanAttentionResult": "mean_attention",
}
ROWS, COLUMNS = 8, 9
WIDTH = 3.4  # inches


def result_html(result: Any) -> str:
    """Return the HTML of a result; a chart that cannot be drawn is left out."""
    study = STUDIES[type(result).__name__]
    rows = result.rows()
    columns = list(rows[0])[:COLUMNS] if rows else []
    more = [f"{len(rows) - ROWS:,} more rows"] if len(rows) > ROWS else []
    more += [f"{len(rows[0]) - COLUMNS} more columns"] if rows and len(rows[0]) > COLUMNS else []
    return block(
        heading(f"Result of the study {study}"),
        _picture(study, result),
        table([[row[name] for name in columns] for row in rows[:ROWS]], columns),
        line(f"{' and '.join(more)}: .rows(), .arrays()" if more else "", is_small=True),
    )


def _picture(study: str, result: Any) -> str:
    try:
        charts = study_charts(study, result)
    except PartError as error:
        return line(str(error), is_small=True)
    if not charts:
        return ""
    chart: Chart = next(iter(charts.values()))
    figure = draw_chart(chart, WIDTH)
    width = round(136 * figure.get_size_inches()[0])
    sentence = getattr(chart, "sentence", "")
    names = f"{len(charts):,} charts: part.figures.studies.study_charts({study!r}, result)" if len(charts) > 1 else ""
    picture = image(figure_bytes(figure, "svg", {"Title": chart.title}), "svg+xml", chart.title, width)
    return picture + line(sentence) + line(names, is_small=True)
