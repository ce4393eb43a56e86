"""The base of every model: a module that turns a batch of jets into logits.

Shapes: B jets, N particles, F features, C classes.
"""

from typing import ClassVar

from torch import Tensor, nn

from part.models.attention import Tap
from part.models.config import ModelConfig


class Model(nn.Module):
    """The base of all models; `part.models.build.MODELS` lists them.

    Parameters
    ----------
    config : ModelConfig
        An instance of the model's `config_class`.
    """

    config_class: ClassVar[type[ModelConfig]]
    takes_points: ClassVar[bool] = False  # whether it takes the points of a data config, see `FeatureSet.features`
    config: ModelConfig

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config

    def forward(self, x: Tensor, v: Tensor, mask: Tensor, tap: Tap | None = None) -> Tensor:
        """Classify jets.

        Parameters
        ----------
        x : Tensor (B, N, F)
            The features of each particle.
        v : Tensor (B, N, 4)
            Four-momenta px, py, pz, E in GeV.
        mask : Tensor (B, N)
            True for real particles, False for padding.
        tap : callable, optional
            Receives the name and value of intermediate tensors and returns what the computation continues with.

        Returns
        -------
        Tensor (B, C)
            The logits.
        """
        raise NotImplementedError

    def input_norms(self) -> list[nn.BatchNorm1d]:
        """Return the BatchNorms that see the inputs first, one for each collection; none of a network without."""
        return []
