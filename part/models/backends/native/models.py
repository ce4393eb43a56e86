"""The compiled forward pass of each kind of model."""

from torch import nn

from part.models.backends.native.forward import NativeModel
from part.models.backends.native.particlenet import NativeParticleNet
from part.models.particlenet import ParticleNet


def native_class(model: nn.Module) -> type[NativeModel]:
    """Return the class that runs a model in compiled code, whose `library` that code is."""
    return NativeParticleNet if isinstance(model, ParticleNet) else NativeModel
