"""The reading of files into jets and tensors; it imports only what all packages share, such as `part.errors`.

The names below are imported when they are first used, so that the command line can read `part.jets.schema` without
loading torch, awkward and FastJet.
"""

from typing import TYPE_CHECKING

# The function has the name of its module. It is imported here, before anything else could import the module.
from part.jets.labels import detect_dataset, labels
from part.lazy import lazy_imports

if TYPE_CHECKING:
    from part.jets.features import JetBatch, make_batch
    from part.jets.preprocessing import add_derived_fields, keep_leading
    from part.jets.readers import count_jets, read_jets
    from part.jets.subjets import lund_plane, subjet_index

__all__ = [
    "JetBatch",
    "add_derived_fields",
    "count_jets",
    "detect_dataset",
    "keep_leading",
    "labels",
    "lund_plane",
    "make_batch",
    "read_jets",
    "subjet_index",
]

__getattr__ = lazy_imports(
    __name__,
    {
        "JetBatch": "part.jets.features",
        "add_derived_fields": "part.jets.preprocessing",
        "count_jets": "part.jets.readers",
        "keep_leading": "part.jets.preprocessing",
        "lund_plane": "part.jets.subjets",
        "make_batch": "part.jets.features",
        "read_jets": "part.jets.readers",
        "subjet_index": "part.jets.subjets",
    },
)
