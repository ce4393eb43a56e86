"""A trace in a notebook: its arrays and, of one jet, the prediction and a small picture of all heads.

Shapes: L layers, H heads, n queries, K keys or slots.
"""

import numpy as np

from part.figures.matplotlib.thumbnail import heads_png
from part.inference.trace import Trace
from part.notebook.html import block, heading, image, line, table

N_CLASSES = 3
MAX_WIDTH = 420  # px


def trace_html(trace: Trace) -> str:
    """Return the shapes of a trace; of one jet also its most probable classes and the attention of its heads."""
    n_jets = len(trace.mask) if trace.mask.ndim == 2 else None
    of = "one jet" if n_jets is None else f"{n_jets} jets; trace.jet(i) is that of one"
    rows = [(name, " × ".join(map(str, trace[name].shape)), ", ".join(trace.axes[name])) for name in trace.names]
    parts = [heading(f"Trace of {of}")]
    if n_jets is None:
        parts += [line(_prediction(trace.probabilities)), _picture(trace)]
    return block(*parts, table(rows, ("array", "shape", "axes")))


def _prediction(probabilities: np.ndarray) -> str:
    strongest = np.argsort(-probabilities, kind="stable")[:N_CLASSES]
    texts = [f"class {index} with {probabilities[index]:.3f}" for index in strongest.tolist()]
    return f"Most probable: {', '.join(texts)}." if texts else ""


def _picture(trace: Trace) -> str:
    if trace.pattern is None or not trace.pattern.size:
        return ""
    layers, heads = trace.pattern.shape[:2]
    content, width = heads_png(trace.pattern)
    text = f"Attention of {layers} layers (down) of {heads} heads (across), query down and key across"
    return image(content, "png", text, min(2 * width, MAX_WIDTH)) + line(f"{text}, from 0.0001 to 1.", is_small=True)
