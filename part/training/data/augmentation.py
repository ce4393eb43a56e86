"""Random reflections of jets, which multiply the training sample at no cost.

Hadron collisions and the detector are symmetric under reflections in azimuth and along the beam. A reflection changes
the sign of some inputs and leaves the pair features as they are. Along the beam it leaves part_deta unchanged too, since
that is positive away from the centre of the detector (see `add_derived_fields` in part.jets).
"""

from dataclasses import replace

import torch

from part.jets.features import JetBatch
from part.jets.schema import FeatureSet

AZIMUTH = ("part_dphi", "part_d0")  # the inputs whose sign a reflection in azimuth changes
BEAM = ("part_dz",)


def reflect_at_random(batch: JetBatch, features: FeatureSet) -> JetBatch:
    """Return a batch in which each jet is reflected in azimuth and along the beam, or not, with equal probabilities.

    Parameters
    ----------
    batch : JetBatch
        The jets; their four-momenta stay, since the model only forms invariant pair features of them.
    features : FeatureSet
        The names of the inputs.
    """
    names = [feature.name for feature in features.features]
    signs = batch.x.new_ones(len(batch), 1, len(names))
    for odd_inputs in (AZIMUTH, BEAM):
        sign = 1.0 - 2.0 * torch.randint(2, (len(batch), 1), device=batch.x.device)
        for name in odd_inputs:
            if name in names:
                signs[:, :, names.index(name)] = sign.to(signs.dtype)
    return replace(batch, x=batch.x * signs)
