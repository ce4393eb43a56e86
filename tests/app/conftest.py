"""Fixtures of the app on a folder of random jets and untrained models."""

from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.jets import COUNTS, write_jets, write_model
from streamlit import config
from streamlit.testing.v1 import AppTest

from app.services import owners
from app.services.models import end_threads
from app.state import visitor
from part.training.runs import control, process

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def jets_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("jets")
    write_jets(folder / "toys.root", COUNTS)
    write_jets(folder / "bare.root", COUNTS, momenta_only=True)
    (folder / "garbage.root").write_bytes(b"root" + bytes(range(256)) * 20)
    (folder.parent / "outside.root").write_bytes((folder / "toys.root").read_bytes())
    (folder / "link.root").symlink_to(folder.parent / "outside.root")
    return folder


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    small = {"embed": (32,), "pair_embed": (8,), "layers": 3, "heads": 4}
    for seed, name in enumerate(("alpha", "beta", "gamma", "delta")):
        write_model(folder / f"{name}.safetensors", seed, **small)
    write_model(folder / "kin.safetensors", 9, "kin", **small)
    return folder


@pytest.fixture(autouse=True)
def folders(monkeypatch, jets_folder, models_folder, tmp_path):
    config.set_option("server.address", "127.0.0.1")  # as .streamlit/config.toml says, which another folder has not
    monkeypatch.setenv("PARTSCOPE_DATA", str(jets_folder))
    monkeypatch.setenv("PARTSCOPE_CHECKPOINTS", str(models_folder))
    monkeypatch.setenv("PARTSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("PARTSCOPE_PERFORMANCE", str(tmp_path / "performance"))


@pytest.fixture(scope="session", autouse=True)
def no_thread_outlives_the_tests():
    yield
    end_threads()


@pytest.fixture
def visit() -> Callable[..., AppTest]:
    """Open Explore at a URL, by default at toys.root with one model."""

    def open_at(**params) -> AppTest:
        app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=60)
        for name, value in ({"file": "toys.root", "model": "alpha"} | params).items():
            app.query_params[name] = value
        return app.run()

    return open_at


@pytest.fixture
def same_visitor(monkeypatch):
    """Make all sessions those of one browser."""
    monkeypatch.setattr(visitor, "_token", lambda cookie: bytes(16))
    yield
    owners._uploads().clear()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Allow the library's warning about long jets, since the page says the same."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:.* jets have more than:UserWarning"))


@pytest.fixture
def runs_folder(tmp_path) -> Path:
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def started(monkeypatch) -> list:
    """Return what would have been started: folder, arguments and choices of each run."""
    calls = []

    def launch(folder, argv, config, cwd):
        calls.append((folder, argv, config))
        process.write_pidfile(folder, 0, [], config)

    monkeypatch.setattr(control, "_launch", launch)
    return calls
