import pytest
from helpers.scene import made_up_scene


@pytest.fixture(scope="session")
def scene():
    return made_up_scene()
