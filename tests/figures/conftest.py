import pytest
from helpers.jet_view import random_jet_view


@pytest.fixture(scope="session")
def jet_view():
    return random_jet_view()
