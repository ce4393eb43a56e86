"""The file that a page shows, as its models read it."""

from collections.abc import Iterator

from app.services import files
from app.services.jets import Sample, load_sample
from app.services.library import PartError
from app.services.models import read_by

MAX_TRIED = 50  # files that are opened to find one that a model can read


def find_file(name: str, models: tuple[str, ...]) -> tuple[files.JetFile, Sample, str | None]:
    """Return a file as the models read it.

    Parameters
    ----------
    name : str
        Its name; "" for the first that the first model can read.
    models : tuple of str
        Names of models on offer.

    Returns
    -------
    file, sample
        The file, as the first of the models reads it that can, and its jet-level quantities.
    error : str or None
        Why this is another file than the requested one.

    Raises
    ------
    PartError
        If no file can be read.
    """
    errors = []
    if not name and (found := _own_file(models[0])):
        return *found, None
    for candidate in ([name] if name else []) + files.listed():
        try:
            return *read_file(files.find(files.with_tree(candidate)), models), errors[0] if errors else None
        except PartError as error:
            errors.append(str(error))
    raise PartError(errors[0] if errors else "There are no jets: put a file where PARTSCOPE_DATA points to.")


def read_file(file: files.JetFile, models: tuple[str, ...]) -> tuple[files.JetFile, Sample]:
    """Return a file as the first of the models reads it that can, else as one with JetClass's names.

    Raises PartError if none can.
    """
    first_error, ways = None, {own.key: own for own in (*_ways(file, models), file)}
    for own in ways.values():
        try:
            return own, load_sample(own)
        except PartError as error:
            first_error = first_error or error
    assert first_error is not None
    raise first_error


def _ways(file: files.JetFile, models: tuple[str, ...]) -> Iterator[files.JetFile]:
    """Yield a file as each of the models reads it; one that cannot be loaded has no way, and its page says why."""
    for model in models:
        try:
            yield read_by(model, file)
        except PartError:
            continue


def _own_file(model: str) -> tuple[files.JetFile, Sample] | None:
    """Return the first file that a model with a data config can read; None for other models."""
    for name in files.listed()[:MAX_TRIED]:
        try:
            file = read_by(model, files.find(name))
            if file.config is None:
                return None
            return file, load_sample(file)
        except PartError:
            continue
    return None
