"""The state of the page Train."""

from dataclasses import dataclass

from app.state.url import url_field


@dataclass(frozen=True)
class TrainState:
    """The choices of Train.

    Attributes
    ----------
    run : str
        The name of the run that is shown, "" for the first.
    """

    run: str = url_field("")
