"""Explore as one HTML file: chosen jets, up to four models, all heads, without a server or a network.

`block` packs one jet of one model, `page` puts the blocks and the canvases of the app into a file, and the JavaScript
here holds what is chosen and feeds the canvases.
"""

from part.export.interactive.entries import parse_entries
from part.export.interactive.files import page_of_file
from part.export.interactive.page import MAX_JETS, MAX_MODELS, PageModel, interactive_page

__all__ = ["MAX_JETS", "MAX_MODELS", "PageModel", "interactive_page", "page_of_file", "parse_entries"]
