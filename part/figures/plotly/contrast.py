"""Write into cells of a heatmap in black or white, whichever is read better on the colour of the cell."""

import numpy as np
import plotly.graph_objects as go

from part.figures.palette import DARK_TEXT, LIGHT_TEXT, is_dark


def with_contrast(figure: go.Figure) -> go.Figure:
    """Return the figure with white texts on the dark cells of its heatmaps, and black ones on the others.

    plotly gives all texts of a heatmap one colour, or a grey that is hard to read on middle tones. The dark cells are
    therefore drawn once more, with their own texts; hovers are those of the cells below.
    """
    for cells in [trace for trace in figure.data if trace.type == "heatmap" and trace.texttemplate]:
        if cells.textfont.color is not None or cells.text is None:
            continue
        cells.textfont.color = DARK_TEXT
        values = np.array(cells.z, dtype=np.float64)
        dark = np.isfinite(values) & is_dark(_fills(cells, values))
        if dark.any():
            # plotly also writes into cells without a number.
            shown = {"z": np.where(dark, values, np.nan), "text": np.where(dark, np.array(cells.text), "")}
            hidden = {"hoverinfo": "skip", "hovertemplate": None, "showscale": False}
            figure.add_trace(go.Heatmap(cells).update(shown | hidden).update(textfont_color=LIGHT_TEXT))
    return figure


def _fills(cells: go.Heatmap, values: np.ndarray) -> np.ndarray:
    """Return the colours (..., 3) of values from 0 to 1, on the cells' own scale."""
    places = [place for place, _ in cells.colorscale]
    colours = np.array([_channels(colour) for _, colour in cells.colorscale])
    position = (np.nan_to_num(values) - cells.zmin) / (cells.zmax - cells.zmin)
    return np.stack([np.interp(position, places, channel) for channel in colours.T], -1) / 255


def _channels(colour: str) -> list[int]:
    """Return the numbers of "rgb(r, g, b)"."""
    return [int(number) for number in colour.removeprefix("rgb(").removesuffix(")").split(",")]
