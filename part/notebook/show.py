"""The HTML of an object by its kind."""

from typing import Any

from part.inference.tagger import Tagger
from part.inference.trace import Trace
from part.notebook.results import result_html
from part.notebook.taggers import tagger_html
from part.notebook.traces import trace_html


def html_of(item: Any) -> str:
    """Return the HTML of a trace, of a model or of the result of a study."""
    if isinstance(item, Trace):
        return trace_html(item)
    return tagger_html(item) if isinstance(item, Tagger) else result_html(item)
