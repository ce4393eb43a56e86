"""The names of `part.jets` are imported on first use."""

import subprocess
import sys

import pytest

import part.jets


def test_every_public_name_can_be_imported():
    assert all(callable(getattr(part.jets, name)) for name in part.jets.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'tracks'"):
        _ = part.jets.tracks


def test_the_schema_needs_neither_torch_nor_awkward():
    script = "import sys, part.jets.schema; sys.exit(bool({'torch', 'awkward', 'fastjet'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", script], check=True)
