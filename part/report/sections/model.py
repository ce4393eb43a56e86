"""What the model is: architecture, parameters, inputs, classes, how it computes, and what was assumed of it."""

from pathlib import Path

from part.inspection.page import listed
from part.inspection.weights import describe_model
from part.report.content import Paragraph, Section, named_rows
from part.report.measured import Measured

MAX_CLASSES = 30


def section(measured: Measured) -> Section:
    tagger = measured.tagger
    rows = [row for row in describe_model(tagger.config) if row[0] not in ("gives", "takes")]
    rows = [(_NAMES.get(name, name), text) for name, text in rows]
    rows.append(("parameters", f"{tagger.n_parameters:,}"))
    inputs = [item.name for item in tagger.features.features]
    rows.append((f"{len(inputs)} inputs", listed(inputs, 60)))
    if len(tagger.features.collections) > 1:
        rows.append(("collections", listed(collection.name for collection in tagger.features.collections)))
    if tagger.dataset.labels:
        rows.append((f"{len(tagger.dataset.classes)} classes", listed(tagger.dataset.titles, MAX_CLASSES)))
    if tagger.dataset.targets:
        rows.append(("regresses", listed(tagger.dataset.targets)))
    rows.append(("computes in", f"{tagger.precision}, the {tagger.backend} backend. {tagger.backend_reason}"))
    if config := tagger.data_config:
        rows.append(("data config", config.name))
    rows += [("trained", text) for text in _training(tagger.card)]
    assumed = [f"{name} = {value!r}" for name, value in tagger.assumed.items()]
    rows += [("assumed", text) for text in assumed]
    blocks = [named_rows(rows)]
    note = (
        "Nothing says the keywords under “assumed”; they are those of the published training. Weights that are read in "
        "the wrong way load without an error and classify badly."
        if assumed
        else "Nothing was assumed of the network: its files say all of it."
    )
    return Section("model", "The model", (*blocks, Paragraph(note, is_note=True)))


_NAMES = {"model": "architecture", "differs": "differs"}


def _training(card: dict) -> list[str]:
    """Return what the card of a checkpoint says of its training, in a few texts."""
    training = card.get("training")
    if not isinstance(training, dict):
        return []
    names = {"jets_seen": "jets seen", "epochs": "epochs", "dataset": "dataset", "recipe": "recipe"}
    texts = [f"{title}: {training[name]:,}" if isinstance(training[name], int) else f"{title}: {training[name]}"
             for name, title in names.items() if isinstance(training.get(name), int | float | str)]  # fmt: skip
    plan = training.get("plan")
    if isinstance(plan, dict) and (start := plan.get("start_from") or plan.get("finetune")):
        texts.append(f"on top of the weights of {Path(str(start)).stem}")
    return [", ".join(texts)] if texts else []
