"""The files of trainings of weaver-core, and their upload to a page of the app."""

from helpers.app_driver import no_exception
from helpers.references import shared

FILES = ("net_best_epoch_state.pt", "data.auto.yaml", "network.py", "jets.root")


def contents(*names: str, training: str = "flavour") -> dict[str, bytes]:
    folder = shared(f"cases/weaver/{training}")
    return {name: (folder / name).read_bytes() for name in names}


def upload(app, files: dict[str, bytes]):
    """Give files to the page's upload, under names that say nothing."""
    given = [(name, content, "application/octet-stream") for name, content in files.items()]
    return no_exception(app.file_uploader(key="upload").set_value(given).run())
