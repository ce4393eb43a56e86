"""The shares of the particles of single jets in a difference of logits."""

from app.services.caching import cached
from app.services.files import JetFile
from app.services.jets import error_context, jets_at
from app.services.models import run_on_model_thread
from part.analysis.circuits.particle_shares import ParticleShares, particle_shares
from part.inference.tagger import Tagger


@cached(max_entries=64)
def jet_shares(file: JetFile, entry: int, model: Tagger, target_class: str, contrast_class: str) -> ParticleShares:
    """Return the shares of a jet's particles, see `particle_shares`. Raises PartError."""
    jet = jets_at(file, [entry])
    with error_context(file):
        return run_on_model_thread(particle_shares, model, jet, target_class, contrast_class)
