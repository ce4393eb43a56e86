"""Reading of network files that a test writes."""

import pytest

from part.models.checkpoints.network_file import read_network


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a text, or bytes, as a network file."""

    def read(text, **keywords):
        path = tmp_path / "network.py"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_network(path, **keywords)

    return read
