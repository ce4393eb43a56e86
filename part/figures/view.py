"""What is shown, everywhere the same: on the page, on the command line, in an exported script.

Layers, heads and constituents count from 0 here, and from 1 for people.
"""

from dataclasses import asdict, dataclass, fields

from part.errors import PartError

FIGURES = ("matrix", "mosaic", "class", "display", "prediction")
QUANTITIES = ("pattern", "scores_qk", "bias", "logits", "value_norms")
SCALES = ("log", "linear")
ORDERS = ("pt", "subjet", "species", "file")
SIGNED = ("scores_qk", "bias", "logits")

QUANTITY_TITLES = {
    "pattern": "Attention",
    "scores_qk": "q·k/√d",
    "bias": "Interaction bias",
    "logits": "q·k/√d + bias",
    "value_norms": "Value-weighted attention",
}
THROUGH_SLOTS = "Attention through slots"
ORDER_TITLES = {"pt": "by pT", "subjet": "by subjet", "species": "by species", "file": "as in file"}


@dataclass(frozen=True)
class View:
    """A choice of figure and of what it shows.

    figure: "matrix" one head; "mosaic" all heads; "class" the class token's rows; "display" the jet in the
    η-φ plane with attention as edges; "prediction" class probabilities. quantity: what is drawn for pairs
    (query, key). scale: of colours, edges or bars; signed quantities are always linear. order: of the
    constituents. query: a constituent in file order, or None. edges: how many edges a display has at most.
    """

    figure: str = "matrix"
    quantity: str = "pattern"
    layer: int = 0
    head: int = 0
    scale: str = "log"
    order: str = "pt"
    query: int | None = None
    edges: int = 40

    def __post_init__(self):
        for name, known in (
            ("figure", FIGURES),
            ("quantity", QUANTITIES),
            ("scale", SCALES),
            ("order", ORDERS),
        ):
            if getattr(self, name) not in known:
                raise PartError(f"The view's {name} is {getattr(self, name)!r}; expected one of {', '.join(known)}.")
        for name, least in (("layer", 0), ("head", 0), ("edges", 1), ("query", 0)):
            value = getattr(self, name)
            if value is None and name == "query":
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise PartError(f"The view's {name} is {value!r}; expected a whole number not smaller than {least}.")

    @property
    def signed(self) -> bool:
        """Whether the quantity has both signs, so that its scale is linear with symmetric limits."""
        return self.quantity in SIGNED

    @property
    def title(self) -> str:
        """The head, for people: "Layer 4, head 6"."""
        return f"Layer {self.layer + 1}, head {self.head + 1}"

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "View":
        """The inverse of `to_dict`; what is missing takes its default, an unknown key is refused."""
        if unknown := sorted(set(values) - {field.name for field in fields(cls)}):
            raise PartError(f"A view has no {', '.join(unknown)}.")
        return cls(**values)


def lower_first(title: str) -> str:
    """A title inside a sentence."""
    return title[0].lower() + title[1:]
