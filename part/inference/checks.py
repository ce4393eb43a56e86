"""The checks of what a model receives and gives: its weights and its logits are finite, its jets are an array."""

import warnings
from typing import Any

import awkward as ak
import numpy as np
from torch import Tensor, nn

from part.errors import PartError
from part.jets.features import JetBatch
from part.jets.schema import ENTRY, INPUTS, MADE_BY, MAX_CONSTITUENTS, FeatureSet
from part.models.numerics.int8 import plain_tensors


def check_jets(jets: Any, features: FeatureSet, name: str) -> None:
    """Raise PartError for what is no array of jets, and for jets that another data config made than the model's.

    `name` is what the sentence calls the model.
    """
    if not isinstance(jets, ak.Array):
        hint = "; write jets[0:1] for one jet" if isinstance(jets, ak.Record) else ""
        raise PartError(f"These jets are a {type(jets).__name__}, expected an awkward array of jets{hint}.")
    if INPUTS in jets.fields and features.config is None:
        raise PartError(
            f"These jets were read with a data config, which {name} does not have; expected read_jets(...) without "
            "config=."
        )
    if features.config is not None and features.config.is_standardised and INPUTS in jets.fields:
        made_by = jets.layout.purelist_parameter(MADE_BY)
        if made_by not in (None, features.config.inputs_sha256):
            raise PartError(
                f"These jets have the inputs of another data config than that of {name} ({features.config.name}); "
                "expected read_jets(..., config=tagger.data_config)."
            )


def warn_of_truncated(batch: JetBatch) -> None:
    """Warn of jets that lost constituents because models take MAX_CONSTITUENTS."""
    if n_long := int((batch.n_truncated > 0).sum()):
        warnings.warn(
            f"{n_long} of {len(batch)} jets have more than {MAX_CONSTITUENTS} constituents; "
            f"the {int(batch.n_truncated.sum())} of lowest pT were left out.",
            stacklevel=4,
        )


def check_weights(model: nn.Module, name: object) -> None:
    """Raise PartError if a weight or a statistic is not finite; `name` is what the sentence calls the model."""
    for key, tensor in plain_tensors(model).items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise PartError(f"The weights of {name} are not finite: {key} holds NaN or infinity.")


def check_outputs(outputs: Tensor, model: nn.Module, name: str, jets: ak.Array, rows: np.ndarray | None = None) -> None:
    """Raise PartError if logits, or probabilities, are not finite numbers.

    Parameters
    ----------
    outputs : Tensor (B, C)
    model : nn.Module
        The network that gave them.
    name : str
        What the sentence calls it.
    jets : ak.Array
        J jets, among them those of the batch.
    rows : ndarray (B,), optional
        Which of the jets they are; by default B = J and they are all, in their order.
    """
    finite = outputs.isfinite()
    if finite.all():
        return
    check_weights(model, name)
    failed = np.flatnonzero(~finite.all(-1).cpu().numpy())
    jet = int(failed[0] if rows is None else rows[failed].min())
    place = f"entry {int(jets[ENTRY][jet])}" if ENTRY in jets.fields else f"jet {jet}"
    raise PartError(
        f"{place}: {name} gives no finite output; expected four-momenta and inputs of the size and in the order "
        "that it was trained with."
    )
