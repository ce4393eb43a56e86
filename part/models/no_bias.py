"""ParT without the interaction: what the published table calls plain (arXiv:2202.03772)."""

from torch import Tensor

from part.models.transformer import ParticleTransformer


class ParTNoBias(ParticleTransformer):
    """ParT whose logits are q·k alone; the four-momenta reach it through the features only."""

    def make_pair_embed(self) -> None:
        return None

    def bias(self, v: Tensor, mask: Tensor) -> None:
        return None
