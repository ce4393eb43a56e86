"""A model in a notebook: architecture, classes, inputs, how it computes, and what was assumed of it."""

from part.inference.tagger import Tagger
from part.inspection.page import listed
from part.inspection.weights import assumed_rows, describe_model
from part.notebook.html import block, heading, table

MAX_NAMES = 24


def tagger_html(tagger: Tagger) -> str:
    """Return a table on a model."""
    rows = [row for row in describe_model(tagger.config) if row[0] not in ("takes", "gives")]
    rows.append(("parameters", f"{tagger.n_parameters:,}"))
    rows.append(("inputs", listed((item.name for item in tagger.features.features), MAX_NAMES)))
    rows += [("classes", listed(tagger.dataset.titles, MAX_NAMES))] if tagger.dataset.labels else []
    rows += [("numbers", listed(tagger.dataset.targets, MAX_NAMES))] if tagger.dataset.targets else []
    rows.append(("computes", f"in {tagger.precision} on {tagger.device}, the {tagger.backend} backend"))
    return block(heading(tagger.name), table([*rows, *assumed_rows(tagger.assumed)]))
