"""Draw matrix, mosaic and class rows on paper.

Shapes: L layers, H heads, n constituents.
"""

from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from part.figures import scale
from part.figures.heatmaps import ClassRows, Heatmap, Matrix, Mosaic
from part.figures.matplotlib.style import COLUMN_AND_A_HALF, mathtext_superscripts, new_figure, tex
from part.figures.palette import LIGHT, colormap

LINE: dict[str, Any] = {"color": LIGHT.text, "linewidth": 0.5}


def draw_matrix(data: Matrix, width: float) -> Figure:
    if data.jet_view.attends_to_slots:
        return draw_slots(data, width)
    figure = new_figure(data, width, 0.82 * width)
    axes = figure.add_subplot()
    colorbar(figure, [axes], matrix_panel(axes, data), data)
    return figure


def matrix_panel(axes: Axes, data: Matrix) -> AxesImage:
    image = _image(axes, data, data.values)
    _ticks(axes.xaxis, data, "key")
    _ticks(axes.yaxis, data, "query")
    for _, _, stop in data.groups[:-1]:
        axes.axhline(stop - 0.5, **LINE)
        axes.axvline(stop - 0.5, **LINE)
    if data.selected is not None:
        corner = (-0.5, data.selected - 0.5)
        axes.add_patch(_frame(corner, len(data.order), 1))
    return image


def slots_panel(axes: Axes, data: Matrix) -> AxesImage:
    """Draw the attention to slots alone, without what is in them."""
    image = _image(axes, data, data.values, aspect="auto")
    _ticks(axes.yaxis, data, "constituent")
    slots = data.values.shape[1]
    axes.set_xticks([0, slots - 1], ["1", str(slots)])
    axes.set_xlabel("slot")
    return image


def draw_slots(data: Matrix, width: float) -> Figure:
    """Draw the attention of each constituent to the slots, and beside it the weight of each constituent in them."""
    figure = new_figure(data, width, 0.75 * width)
    left, right = figure.subplots(1, 2, sharey=True)
    image = _image(left, data, data.values, aspect="auto")
    limits = data.slot_weight_limits
    colours = ListedColormap(colormap(signed=True) / 255)
    mixing = right.imshow(data.slot_weights, colours, Normalize(*limits), aspect="auto", interpolation="nearest")
    _ticks(left.yaxis, data, "constituent")
    slots = data.values.shape[1]
    for axes, shown, shown_limits, shown_scale, title in (
        (left, image, data.limits, data.scale, data.quantity_title),
        (right, mixing, limits, "linear", "Weight in the slot"),
    ):
        axes.set_xticks([0, slots - 1], ["1", str(slots)])
        axes.tick_params(axis="both", direction="out", top=False, right=False, length=2.5)
        axes.set_xlabel("slot")
        for _, _, stop in data.groups[:-1]:
            axes.axhline(stop - 0.5, **LINE)
        if data.selected is not None:
            axes.add_patch(_frame((-0.5, data.selected - 0.5), slots, 1))
        bar = figure.colorbar(shown, ax=axes, location="top", fraction=0.05, pad=0.02, aspect=20)
        marks = scale.ticks(shown_limits, shown_scale)[:: 1 if width > COLUMN_AND_A_HALF else 2]
        bar.set_ticks([value for value, _ in marks], labels=[mathtext_superscripts(label) for _, label in marks])
        bar.set_label(tex(title))
        bar.outline.set_linewidth(0.5)
    return figure


def draw_class(data: ClassRows, width: float) -> Figure:
    figure = new_figure(data, width, 0.3 + 0.42 * width)
    axes = figure.add_subplot()
    colorbar(figure, [axes], class_panel(axes, data), data)
    return figure


def class_panel(axes: Axes, data: ClassRows) -> AxesImage:
    layers, heads, tokens = data.values.shape
    image = _image(axes, data, data.values.reshape(layers * heads, tokens), aspect="auto")
    marks = [(position + 1, label) for position, label in data.ticks if position > tokens / 10]
    axes.set_xticks([0, *(position for position, _ in marks)], ["class", *(label for _, label in marks)])
    axes.set_xlabel(tex(f"key, {data.order_title}"))
    axes.set_yticks([layer * heads + (heads - 1) / 2 for layer in range(layers)])
    axes.set_yticklabels([f"layer {i + 1}" for i in range(layers)], rotation=90, va="center")
    axes.tick_params(axis="y", length=0)
    axes.set_ylabel("head")
    for layer in range(1, layers):
        axes.axhline(layer * heads - 0.5, **LINE)
    axes.axvline(0.5, **LINE)
    if data.selected is not None:
        axes.add_patch(_frame((data.selected + 0.5, -0.5), 1, layers * heads))
    return image


def draw_mosaic(data: Mosaic, width: float) -> Figure:
    layers, heads = data.values.shape[:2]
    figure = new_figure(data, width, 0.3 + 0.8 * width * layers / heads)
    axes = figure.add_subplot()
    colorbar(figure, [axes], mosaic_panel(axes, data), data)
    return figure


def mosaic_panel(axes: Axes, data: Mosaic) -> AxesImage:
    layers, heads = data.values.shape[:2]
    canvas, tile = data.canvas()
    n = max(data.values.shape[2:])
    image = _image(axes, data, canvas)
    centres = (n - 1) / 2 + tile * np.arange(max(layers, heads))
    axes.set_xticks(centres[:heads], [f"H{head + 1}" for head in range(heads)])
    axes.set_yticks(centres[:layers], [f"L{layer + 1}" for layer in range(layers)])
    axes.tick_params(length=0, pad=2, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(tex(f"query ↓ {data.axes[-1]} →, {data.order_title}"), fontsize=7)
    return image


def _image(axes: Axes, data: Heatmap, values: np.ndarray, aspect: Literal["equal", "auto"] = "equal") -> AxesImage:
    low, high = data.limits
    norm = LogNorm(low, high, clip=True) if data.scale == "log" else Normalize(low, high)
    colours = ListedColormap(colormap(data.signed) / 255)
    return axes.imshow(values, cmap=colours, norm=norm, aspect=aspect, interpolation="nearest")


def _ticks(axis, data: Heatmap, role: str) -> None:
    axis.set_ticks([position for position, _ in data.ticks], [label for _, label in data.ticks])
    axis.set_label_text(tex(f"{role}, {data.order_title}"))
    axis.set_tick_params(direction="out", top=False, right=False, length=2.5)


def colorbar(figure: Figure, axes, image: AxesImage, data: Heatmap) -> None:
    bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02, aspect=30)
    marks = scale.ticks(data.limits, data.scale)
    bar.set_ticks([value for value, _ in marks], labels=[mathtext_superscripts(label) for _, label in marks])
    bar.set_label(tex(data.quantity_title))
    bar.outline.set_linewidth(0.5)


def _frame(corner: tuple[float, float], width: float, height: float) -> Rectangle:
    return Rectangle(corner, width, height, fill=False, edgecolor=LIGHT.accent, linewidth=1.0, clip_on=False)
