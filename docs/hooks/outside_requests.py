"""Refuses a site that would load something from another server when one of its pages is opened."""

import logging
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

LOG = logging.getLogger("mkdocs.hooks.outside_requests")
# What a browser fetches unasked; a link that a reader may follow is no such thing.
LOADS = {
    "*.html": re.compile(
        r"""<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*?\b(?:src|data)=["']?((?:https?:)?//[^"'\s>]+)"""
        r"""|<link\b(?![^>]*rel=["']?(?:canonical|next|prev|license)\b)[^>]*?\bhref=["']?((?:https?:)?//[^"'\s>]+)"""
    ),
    "*.css": re.compile(r"""url\(["']?((?:https?:)?//[^"')]+)|@import\s+["']((?:https?:)?//[^"']+)"""),
}


def on_post_build(config: MkDocsConfig) -> None:
    site = Path(config.site_dir)
    for pattern, load in LOADS.items():
        for path in sorted(site.rglob(pattern)):
            for match in load.finditer(path.read_text(errors="replace")):
                LOG.warning("%s loads %s", path.relative_to(site), next(filter(None, match.groups())))
