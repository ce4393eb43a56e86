"""ParTScope: see what a Particle Transformer does with a jet.

>>> jets = part.read_jets("jets.root", stop=100)
>>> tagger = part.load_model("part-full")
>>> probabilities = tagger.predict(jets)
>>> trace = tagger.trace(jets[:1]).jet(0)
"""

from importlib import import_module
from typing import TYPE_CHECKING

from part.errors import PartError
from part.lazy import ShownInNotebooks, lazy_imports
from part.version import __version__

if TYPE_CHECKING:
    from part.inference.loading import load_model
    from part.inference.tagger import Tagger
    from part.inference.trace import Trace
    from part.jets.readers import read_jets

__all__ = ["PartError", "Tagger", "Trace", "__version__", "load_model", "read_jets"]

# These are imported on first use, so that `python -m part --help` need not wait for torch.
__getattr__ = lazy_imports(
    __name__,
    {
        "Tagger": "part.inference.tagger",
        "Trace": "part.inference.trace",
        "load_model": "part.inference.loading",
        "read_jets": "part.jets.readers",
    },
)


def _notebook_html(item: ShownInNotebooks) -> str:
    return import_module("part.notebook.show").html_of(item)


ShownInNotebooks.to_html = staticmethod(_notebook_html)
