"""Three jets in full: the prediction, the jet with the strongest attention of one head, and all heads."""

import numpy as np

from part.figures.data import figure_data
from part.figures.view import View
from part.report.content import Block, Paragraph, Picture, Pictures, Section, Subheading
from part.report.examples import Example
from part.report.measured import Measured
from part.report.sections.importance import main_measure
from part.report.words import HALF, WIDE, sentence

MAX_HEADS = 16  # of a mosaic half a page wide
EDGES = 25


def section(measured: Measured) -> Section | None:
    if not measured.examples:
        return None
    layer, head, why = shown_head(measured)
    blocks: list[Block] = []
    if measured.tagger.config.attends_to is not None:
        blocks.append(
            Paragraph(f"The event displays have the strongest attention of layer {layer + 1} head {head + 1}, {why}.")
        )
    for number, example in enumerate(measured.examples, 1):
        blocks += [Subheading(example.kind), Paragraph(_text(example)), _pictures(example, number, layer, head)]
    return Section("examples", "Three jets in full" if len(measured.examples) == 3 else "Jets in full", tuple(blocks))


def shown_head(measured: Measured) -> tuple[int, int, str]:
    """Return layer and head (from 0) of the event displays, and why it is this one."""
    if (result := measured.result("importance")) is None:
        return 0, 0, "the first"
    change = np.nan_to_num(np.abs(result.heads(main_measure(result))))
    layer, head = np.unravel_index(int(change.argmax()), change.shape)
    return int(layer), int(head), "the head whose ablation changes most"


def _text(example: Example) -> str:
    view = example.view
    text = f"Entry {example.entry:,} of {example.file}: {view.heading}."
    if view.classes:
        best = int(view.trace.probabilities.argmax())
        text += f" Predicted {view.classes[best]} with probability {view.trace.probabilities[best]:.3f}"
        text += "." if view.truth is None else f"; it is {view.classes[view.truth]}."
    for name, value in view.numbers.items():
        text += f" {name}: {value:.4g}."
    return text + (f" Unlike the training: {view.unlike}." if view.unlike else "")


def _pictures(example: Example, number: int, layer: int, head: int) -> Pictures:
    view = example.view
    heads = view.trace.pattern.shape[1] if view.trace.pattern is not None else 1
    views = {
        "display": View("display", layer=layer, head=head, edges=EDGES),
        "mosaic": View("mosaic"),
        "class": View("class"),
        "prediction": View("prediction", scale="log"),
    }
    items = []
    for name, chosen in views.items():
        if name in view.figures:
            data = figure_data(view, chosen)
            width = WIDE if name == "mosaic" and heads > MAX_HEADS else HALF
            items.append(Picture(f"jet{number}_{name}", data, sentence(data), width))
    return Pictures(tuple(items))
