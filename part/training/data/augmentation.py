"""Random reflections of jets, which multiply the training sample at no cost.

Hadron collisions and the detector are symmetric under reflections in azimuth and along the beam. A reflection changes
the sign of some inputs and leaves the pair features as they are. Along the beam it leaves part_deta unchanged too, since
that is positive away from the centre of the detector (see `add_derived_fields` in part.jets).
"""

from dataclasses import replace

import torch

from part.errors import PartError
from part.jets.benchmarks import FEATURE_SETS
from part.jets.features import JetBatch
from part.jets.schema import FeatureSet

AZIMUTH = ("part_dphi", "part_d0")  # the inputs whose sign a reflection in azimuth changes
BEAM = ("part_dz",)


def check_reflectable(features: FeatureSet) -> None:
    """Raise PartError if nothing says how the inputs of a data config change under a reflection.

    That is known for inputs that are called as in the benchmarks, and if those that change their sign are not shifted.
    """
    if features.config is None:
        return
    known = {feature.name for benchmark in FEATURE_SETS.values() for feature in benchmark.features}
    inputs = [f for collection in features.collections for f in (*collection.features, *features.point_columns)]
    if unknown := [feature.name for feature in inputs if feature.name not in known]:
        raise PartError(
            f"--reflect does not know the sign of {unknown[0]} of {features.name} in a reflected jet; expected inputs "
            f"that are called as in the benchmarks: {', '.join(sorted(known))}."
        )
    odd = [feature for feature in inputs if feature.name in AZIMUTH + BEAM]
    if shifted := [f.name for f in odd if f.subtract or f.low != -f.high]:
        raise PartError(f"--reflect changes the sign of {shifted[0]}, which {features.name} shifts or clips unevenly.")


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
        odd = [column for column, name in enumerate(names) if name in odd_inputs]
        signs[:, :, odd] = sign[..., None].to(signs.dtype)
    return replace(batch, x=batch.x * signs)
