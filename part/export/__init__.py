"""Export a figure: drawings, arrays, provenance, and a script that reproduces it.

May import everything but the commands.

Scripts of any version import `find_jets`, `find_model`, `make`, `origin` and `save` from here.
"""

from part.export.figure import Export, make
from part.export.formats import FORMATS, MIME, bundle, render, save
from part.export.places import find_jets, find_model
from part.figures.provenance import Provenance, file_sha256, origin

__all__ = [
    "FORMATS",
    "MIME",
    "Export",
    "Provenance",
    "bundle",
    "file_sha256",
    "find_jets",
    "find_model",
    "make",
    "origin",
    "render",
    "save",
]
