"""What the lines between constituents stand for, in words: their kinds, their direction, their width and colour."""

from part.figures import scale
from part.figures.display import Display
from part.figures.view import lower_first

WITHIN, BETWEEN, DIRECTION = "within a subjet", "between subjets", "query → key"
SIGNS = ("positive", "negative")


def width_titles(data: Display) -> tuple[str, str]:
    """Return what the thinnest and the widest line stand for, such as "attention ≤10⁻⁴" and "1"."""
    quantity = lower_first(data.quantity_title)
    if data.scale == "log":
        marks = [label for _, label in scale.ticks(data.limits, "log")]
        return f"{quantity} {marks[0]}", marks[-1]
    low = "|" + quantity + "| 0" if data.signed else f"{quantity} {data.limits[0]:.3g}"
    return low, f"{data.limits[1]:.3g}"
