"""Turns some files outside docs/ into pages, and makes links between files of the repository work on the site.

A file of docs/ links to another file of the repository by its relative path, as on the disk. Where the other file is a
page of the site, the link is rewritten to that page; a link to any other file is left alone, and `mkdocs build
--strict` refuses it.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
# file of the repository -> page of the site
PAGES = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "data_samples/README.md": "data-samples.md",
    "part/models/backends/native/README.md": "native.md",
}
INSTEAD = {"README.md": "index.md"}  # the home page is written for the site, but a link to the README leads there
LINK = re.compile(r"(\]\()([^)#:\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    sources = {name: source for source, name in PAGES.items()}
    folder = posixpath.dirname(sources.get(page.file.src_uri, f"docs/{page.file.src_uri}"))
    return LINK.sub(lambda match: match[1] + _target(folder, match[2], page.file.src_uri), markdown)


def _target(folder: str, link: str, page: str) -> str:
    """Return a link as the page needs it; `folder` is where the link's text lies in the repository."""
    path = posixpath.normpath(posixpath.join(folder, link))
    uri = (PAGES | INSTEAD).get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
    return link if uri is None else posixpath.relpath(uri, posixpath.dirname(page) or ".")
