"""The context of one run of a page; each page has its own subclass."""

from dataclasses import dataclass
from typing import Any

from app.services.files import JetFile
from app.state.resolve import ResolvedSelection
from app.state.selection import JetSelection


@dataclass(frozen=True, eq=False)
class PageContext:
    """One run of a page.

    Attributes
    ----------
    resolved : ResolvedSelection
        What all pages share, checked.
    state : any
        The page's own choices, see `app.state.url`.
    """

    resolved: ResolvedSelection
    state: Any

    @property
    def selection(self) -> JetSelection:
        return self.resolved.selection

    @property
    def file(self) -> JetFile:
        return self.resolved.file

    @property
    def jet(self) -> int:
        return self.resolved.selection.jet
