"""The interactive page: Explore's view of several jets as one HTML file."""

from collections.abc import Callable, Mapping, Sequence

from app.services.figures import view_jet
from app.services.files import JetFile
from app.services.head_measures import head_names
from app.services.library import PartError, Tagger, View
from part.export.interactive import MAX_JETS, PageModel, interactive_page, parse_entries
from part.figures.jet_view import JetView

FIRST_JETS = 10  # that the page holds unless others are named


def chosen_entries(text: str, jet: int, candidates: Sequence[int]) -> tuple[int, ...]:
    """Return the entries that a text names or, of an empty one, the shown jet and those that follow it in the list.

    Raises PartError for another text.
    """
    if text.strip():
        return parse_entries(text, MAX_JETS)
    following = [int(entry) for entry in candidates if entry > jet]
    return (jet, *following[: FIRST_JETS - 1])


def interactive_file(
    file: JetFile,
    shown_name: str,
    entries: Sequence[int],
    models: Mapping[str, Tagger],
    view: View,
    say: Callable[[str], str],
) -> bytes:
    """Return the interactive page of jets of a file.

    Parameters
    ----------
    file, shown_name
        The jets' file, and its name as the user knows it.
    entries : sequence of int
        The jets.
    models : mapping of str to Tagger
        By the names that the page shows.
    view : View
        What it shows at first.
    say : callable
        Turns a sentence on bad input into one that the visitor may read.
    """

    def view_or_error(entry: int, name: str) -> JetView | PartError:
        try:
            return view_jet(file, entry, models[name], name)
        except PartError as error:
            return PartError(say(str(error)))

    views = [[view_or_error(entry, name) for name in models] for entry in entries]
    about = [PageModel.of_tagger(name, tagger, head_names(tagger)) for name, tagger in models.items()]
    return interactive_page(about, views, entries, f"{shown_name} sha256 {file.sha256[:12]}", view).encode()
