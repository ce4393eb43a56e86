"""Draw a comparison of models with plotly, a colour per model. May import comparison and benchmarking."""

from part.figures.plotly.comparison.maps import (
    confusion_classes,
    draw_agreement,
    draw_confusion,
    draw_confusion_change,
    draw_heads,
)
from part.figures.plotly.comparison.quality import draw_pareto, draw_rejections, draw_reliability, rejections_drawn
from part.figures.plotly.comparison.roc import draw_roc, roc_signals
from part.figures.plotly.comparison.shares import draw_drift, draw_outcomes

__all__ = [
    "confusion_classes",
    "draw_agreement",
    "draw_confusion",
    "draw_confusion_change",
    "draw_drift",
    "draw_heads",
    "draw_outcomes",
    "draw_pareto",
    "draw_rejections",
    "draw_reliability",
    "draw_roc",
    "rejections_drawn",
    "roc_signals",
]
