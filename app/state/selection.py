"""The choices that all pages share (jet, models, filters, head), and those that the pages of studies share."""

from dataclasses import dataclass

from app.services.library import view_options
from app.state.url import flag, head_place, interval, one_of, texts, url_field, whole_number, write_head, write_interval

MAX_MODELS = 4
MAX_GROUPS = 20  # that the user makes
MAX_FILTERS = 4  # on columns
UNSAID = -1  # in place of a jet: the one that the file begins with
EXAMPLES = {"jetclass_like.root": 8}  # a t→bqq′ of the shipped sample; other files begin with their first jet
# Where another file begins.
FIRST_JET = {"jet": UNSAID, "particle": None, "pt": None, "n": None, "classes": (), "filters": ()}
MAX_JETS = 100_000  # of a study or a comparison


@dataclass(frozen=True)
class JetSelection:
    """The jet, the filters and the models.

    Attributes
    ----------
    file : str
        A name for `files.find`, "" for the first file.
    jet : int
        The entry in the file, or UNSAID before it is resolved.
    classes, pt, n, misclassified_only
        Filters: class names, jet pT in GeV, number of constituents, wrong predictions of the first model only.
    filters : tuple of str
        Filters on columns, see `app.state.filters`.
    models : tuple of str
        Names of models on offer, () for the default.
    layer, head : int
        The attention head.
    other_head : tuple of int or None
        Layer and head that models but the first show, where it is not the same.
    order : str
        How constituents are ordered.
    particle : int or None
        The chosen constituent in file order, whose attention is shown as the query's.
    focus : int
        The one of the models that a part for a single model shows.
    groups : tuple of str
        The groups of classes that the user made, as "NAME=CLASS,CLASS".
    sample : bool
        Whether Explore shows the chosen head over the jets that pass the filters as well.
    """

    file: str = url_field("")
    jet: int = url_field(UNSAID, whole_number(0, 10**9))
    classes: tuple[str, ...] = url_field((), texts(), name="class")
    pt: tuple[float, float] | None = url_field(None, interval(float), write=write_interval)
    n: tuple[int, int] | None = url_field(None, interval(int), write=write_interval)
    filters: tuple[str, ...] = url_field((), texts(MAX_FILTERS), name="where")
    misclassified_only: bool = url_field(False, flag, name="wrong")
    models: tuple[str, ...] = url_field((), texts(MAX_MODELS), name="model")
    layer: int = url_field(0, whole_number(1, 100), one_based=True)
    head: int = url_field(0, whole_number(1, 100), one_based=True)
    other_head: tuple[int, int] | None = url_field(None, head_place, name="others", write=write_head)
    order: str = url_field("pt", one_of(view_options.ORDERS))
    particle: int | None = url_field(None, whole_number(1, 10**4 + 1), one_based=True)
    focus: int = url_field(0, whole_number(1, MAX_MODELS), one_based=True)
    groups: tuple[str, ...] = url_field((), texts(MAX_GROUPS), name="group")
    sample: bool = url_field(False, flag)


@dataclass(frozen=True)
class StudyState:
    """The choices that the pages of studies share.

    Attributes
    ----------
    tab : str
        The tab that is shown, "" for the page's first.
    n_studied : int
        The number of jets of a study.
    target_class, contrast_class : str
        The class or group that is explained, "" for the predicted one, and the one it is compared with, "" for all
        others.
    """

    tab: str = url_field("")
    n_studied: int = url_field(500, whole_number(1, MAX_JETS), name="studied")
    target_class: str = url_field("", name="explained")
    contrast_class: str = url_field("", name="versus")


OPENING = JetSelection(layer=4, head=3)  # what the bare URL shows


def first_jet(file: str) -> int:
    """Return the entry that a file begins with, where nothing says another one."""
    return EXAMPLES.get(file, 0)
