"""ParTScope: see what a Particle Transformer does with a jet.

jets = part.read_jets("jets.root", stop=100)
tagger = part.load_model("part-full")
probabilities = tagger.predict(jets)
trace = tagger.trace(jets[:1]).jet(0)
"""

from part.errors import PartError
from part.inference.tagger import Tagger, load_model
from part.inference.trace import Trace
from part.jets.readers import read_jets
from part.version import __version__

__all__ = ["PartError", "Tagger", "Trace", "__version__", "load_model", "read_jets"]
