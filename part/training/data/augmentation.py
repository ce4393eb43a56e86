"""Jets seen in a mirror: as many more to learn from, at no cost.

Nature at a hadron collider, and our detector, know neither left from right in azimuth nor one end of the beam from the
other. Where a reflection takes the inputs is a change of signs; pair features do not change. Along the beam part_deta
does not either, which counts from the jet away from the centre (see `features.complete`).
"""

from dataclasses import replace

import torch

from part.jets.features import JetBatch
from part.jets.schema import FeatureSet

AZIMUTH = ("part_dphi", "part_d0")
BEAM = ("part_dz",)


def reflected(batch: JetBatch, features: FeatureSet) -> JetBatch:
    """Each jet in azimuth or not, and along the beam or not, as torch's random numbers fall."""
    names = [feature.name for feature in features.features]
    signs = batch.x.new_ones(len(batch), 1, len(names))
    for mirror in (AZIMUTH, BEAM):
        sign = 1.0 - 2.0 * torch.randint(2, (len(batch), 1), device=batch.x.device)
        for name in mirror:
            if name in names:
                signs[:, :, names.index(name)] = sign.to(signs.dtype)
    return replace(batch, x=batch.x * signs)
