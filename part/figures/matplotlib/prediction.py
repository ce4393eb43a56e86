"""Draw class probabilities as bars on paper."""

import numpy as np
from matplotlib.figure import Figure

from part.figures import scale
from part.figures.matplotlib.style import mathtext_superscripts, new_figure, tex
from part.figures.palette import LIGHT, PAPER_BAR
from part.figures.prediction import Prediction, format_probability


def draw_prediction(data: Prediction, width: float) -> Figure:
    """Draw the bars; that of the jet's own class stands out."""
    (low, high), bars = data.limits, data.bars
    rows = np.arange(len(bars))
    figure = new_figure(data, width, 0.5 + 0.19 * len(rows))
    axes = figure.add_subplot()
    colours = [LIGHT.accent if bar.is_truth else PAPER_BAR for bar in bars]
    ends = np.maximum([bar.probability for bar in bars], low)
    axes.barh(rows, ends - low, left=low, height=0.65, color=colours)
    for row, (x, bar) in enumerate(zip(ends, bars, strict=True)):
        axes.annotate(
            mathtext_superscripts(format_probability(bar.probability)),
            (x, row),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
            clip_on=False,
        )
    axes.set_xscale(data.scale)
    axes.set_xlim(low, high)
    marks = scale.ticks(data.limits, data.scale)
    axes.set_xticks([value for value, _ in marks], [mathtext_superscripts(label) for _, label in marks])
    axes.set_yticks(rows, [tex(bar.name) for bar in bars])
    for label, bar in zip(axes.get_yticklabels(), bars, strict=True):
        label.set_fontweight("bold" if bar.is_truth else "normal")
    axes.tick_params(axis="y", which="both", length=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="both", top=False, right=False)
    axes.invert_yaxis()
    axes.set_xlabel("probability")
    return figure
