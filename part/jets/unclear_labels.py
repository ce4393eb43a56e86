"""Jets whose labels say several classes: no class is known for them, and all that needs none takes them.

Shapes: J jets.
"""

import awkward as ak
import numpy as np

from part.jets.datasets import DATASETS
from part.jets.notices import UNCLEAR_CLASS, notify


def without_unclear_labels(jets: ak.Array, path: str, entries: np.ndarray) -> ak.Array:
    """Return the jets without the labels of those that have several.

    Parameters
    ----------
    jets : ak.Array
        J jets with JetClass's names.
    path : str
        Their file.
    entries : np.ndarray
        (J,) their entries there.

    Returns
    -------
    ak.Array
        The same jets; the label branches of a benchmark are 0 where several were 1, and a notice says of how many jets.
    """
    for dataset in DATASETS.values():
        if not set(dataset.labels) <= set(jets.fields):
            continue
        n_classes = np.sum([jets[label].to_numpy() == 1 for label in dataset.labels], axis=0)
        if not (unclear := n_classes > 1).any():
            continue
        first = int(np.argmax(unclear))
        reason = f"{path}, entry {entries[first]}: it belongs to {n_classes[first]} classes of {dataset.name}"
        notify(UNCLEAR_CLASS, [(path, int(entry)) for entry in entries[unclear]], example=reason)
        for label in dataset.labels:
            jets = ak.with_field(jets, np.where(unclear, 0, jets[label].to_numpy()), label)
    return jets
