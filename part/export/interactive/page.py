"""The interactive page as one file of HTML."""

import base64
import html
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import part
from part.errors import PartError
from part.export.interactive.block import Limits, block
from part.figures import palette
from part.figures.canvas.assets import FILES, canvas_css, canvas_html, canvas_script, shared_script
from part.figures.data import limits_of_models
from part.figures.jet_view import JetView
from part.figures.style import ACCENTS
from part.figures.view import QUANTITIES, SCALES, View
from part.inference.tagger import Tagger

MAX_JETS, MAX_MODELS = 20, 4
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class PageModel:
    """What the page says of a model.

    Attributes
    ----------
    name : str
        The model's name.
    n_parameters : int
        The number of its parameters.
    sha256 : str
        Checksum of its weights.
    assumed : tuple of str
        What was assumed of the network because nothing said it.
    head_names : tuple of str
        What each head (L H) is called in its tip, such as `AtlasResult.label`, "" for none; () if nothing is known.
    """

    name: str
    n_parameters: int
    sha256: str
    assumed: tuple[str, ...] = ()
    head_names: tuple[str, ...] = ()

    @classmethod
    def of_tagger(cls, name: str, tagger: Tagger, head_names: tuple[str, ...] = ()) -> "PageModel":
        """Describe a loaded model under a name."""
        assumed = tuple(f"{key} = {value}" for key, value in tagger.assumed.items())
        return cls(name, tagger.n_parameters, tagger.sha256, assumed, head_names)


def interactive_page(
    models: Sequence[PageModel],
    jets: Sequence[Sequence[JetView | PartError]],
    entries: Sequence[int],
    source: str,
    view: View | None = None,
) -> str:
    """Write jets as models see them as a page with all heads, layers and quantities, which needs no server.

    Parameters
    ----------
    models : sequence of PageModel
        One to `MAX_MODELS` models.
    jets : sequence of sequences of JetView or PartError
        For each of one to `MAX_JETS` jets what each model made of it, or why a model cannot take it.
    entries : sequence of int
        The jets' entries in their file, from 0.
    source : str
        Where the jets are from, in one line.
    view : View, optional
        What the page shows at first.

    Returns
    -------
    str
        HTML. It shows exactly what the app's Explore shows, but for numbers rounded as in
        `part.export.interactive.arrays`, and without times.

    Raises
    ------
    PartError
        If there are no or too many models or jets, or no model can take any of the jets.
    """
    _check(models, jets)
    index = {
        "models": [asdict(model) for model in models],
        "jets": [_jet(entry, views) for entry, views in zip(entries, jets, strict=True)],
        "view": (view or View()).to_dict(),
        "palettes": {theme: _palettes(theme) for theme in palette.THEMES},
        "accents": ACCENTS,
        "source": source,
        "maker": f"ParTScope {part.__version__}",
    }
    blocks = [
        f'<script type="text/plain" id="block-{j}-{m}">{base64.b64encode(content).decode()}</script>'
        for j, views in enumerate(jets)
        for m, content in enumerate(_blocks(views))
        if content is not None
    ]
    title = f"{', '.join(model.name for model in models)}: {len(jets)} jet{'s' * (len(jets) > 1)}"
    texts = {
        "policy": POLICY,
        "title": html.escape(title),
        "style": _text("page.css"),
        "templates": "\n".join(map(_template, FILES)),
        "index": _json(index),
        "blocks": "\n".join(blocks),
        "script": _script(),
    }
    return re.sub(r"%(\w+)%", lambda match: texts[match[1]], _text("page.html"))


def _check(models: Sequence[PageModel], jets: Sequence[Sequence[JetView | PartError]]) -> None:
    for what, given, most in (("model", models, MAX_MODELS), ("jet", jets, MAX_JETS)):
        if not 1 <= len(given) <= most:
            raise PartError(f"An interactive page has 1 to {most} {what}s; got {len(given)}.")
    errors = [made for views in jets for made in views if isinstance(made, PartError)]
    if len(errors) == len(models) * len(jets):
        raise errors[0]


def _jet(entry: int, views: Sequence[JetView | PartError]) -> dict:
    seen = next((made for made in views if isinstance(made, JetView)), None)
    return {
        "entry": entry,
        "heading": seen.heading if seen else "",
        "left_out": seen.n_truncated if seen else 0,
        "errors": [str(made) if isinstance(made, PartError) else None for made in views],
    }


def _palettes(theme: str) -> list[list[int]]:
    """Return the colours of quantities of one sign and of both."""
    return [palette.colormap(signed, theme).ravel().tolist() for signed in (False, True)]


def _blocks(jet: Sequence[JetView | PartError]) -> list[bytes | None]:
    """Return the block of each model for one jet; the models share the limits of colours."""
    seen = [made for made in jet if isinstance(made, JetView)]
    views = [View("mosaic", quantity, scale=scale) for quantity in QUANTITIES for scale in SCALES]
    found = {(view.quantity, "linear" if view.signed else view.scale): limits_of_models(seen, view) for view in views}
    limits: Limits = {key: ends for key, ends in found.items() if ends is not None}
    return [block(made, limits) if isinstance(made, JetView) else None for made in jet]


def _template(kind: str) -> str:
    return f'<template id="canvas-{kind}"><style>{canvas_css(kind)}</style>{canvas_html(kind)}</template>'


def _script() -> str:
    """Return the JavaScript: each canvas in a scope of its own, as the function that its module exports."""
    canvases = [f"canvases.{kind} = (() => {{\n{_as_function(canvas_script(kind))}\n}})();" for kind in FILES]
    own = [_text(name) for name in ("blocks.js", "payloads.js", "page.js")]
    return "\n".join(["const canvases = {};", *canvases, "{", shared_script(), *own, "}"])


def _as_function(module: str) -> str:
    return module.replace("export default function", "return function")


def _json(content: dict) -> str:
    """Return JSON that no text in it can end a script element with."""
    return json.dumps(content, ensure_ascii=False).replace("<", "\\u003c")


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")
