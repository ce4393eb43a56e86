"""python -m part export: write a figure of one jet as one model sees it, as drawings and arrays."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from part.cli.options import add_device, add_force, add_model, check_outputs, training_files
from part.errors import PartError
from part.figures.view import COLOURS, FIGURES, ORDERS, QUANTITIES, SCALES, View

if TYPE_CHECKING:
    import awkward as ak

    from part.inference.tagger import Tagger

MAX_MODELS = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    default = View()
    add_model(parser)
    parser.add_argument("--jets", required=True, help="file or URL of jets")
    parser.add_argument("--entry", type=int, default=0, help="the jet's entry in the file, from 0")
    parser.add_argument("--figure", choices=FIGURES, default=default.figure)
    parser.add_argument("--quantity", choices=QUANTITIES, default=default.quantity)
    parser.add_argument("--layer", type=int, default=1, help="layer, from 1")
    parser.add_argument("--head", type=int, default=1, help="head, from 1")
    parser.add_argument("--scale", choices=SCALES, default=default.scale)
    parser.add_argument("--order", choices=ORDERS, default=default.order, help="order of the constituents")
    parser.add_argument("--query", type=int, help="a constituent, from 1 in file order")
    parser.add_argument("--edges", type=int, default=default.edges, help="largest number of edges in a display")
    text = "the square of a display: Δη and Δφ of its middle, half of its side"
    parser.add_argument("--zoom", type=float, nargs=3, metavar=("ETA", "PHI", "HALF"), help=text)
    parser.add_argument(
        "--colour",
        choices=COLOURS,
        default=default.colour,
        help="colour of a display's constituents",
    )
    text = "class or group of classes that a prediction draws in any case; may be repeated"
    parser.add_argument("--class", action="append", default=[], dest="classes", metavar="CLASS", help=text)
    parser.add_argument("--format", default="png", help="one or more of png,svg,pdf,html,npz,csv,json,py, or all")
    parser.add_argument("--width", type=float, default=3.4, help="width in inches")
    text = "write one HTML page of all heads, layers and quantities, which needs no server, in place of a figure"
    parser.add_argument("--interactive", action="store_true", help=text)
    text = "jets of an interactive page, such as 0,4,10-15 with both ends; at most 20 (default: --entry)"
    parser.add_argument("--entries", metavar="LIST", help=text)
    text = "further model, such as a shipped name or a folder of one training: on the page, or as a panel of the figure"
    parser.add_argument("--beside", action="append", default=[], metavar="MODEL", help=text)
    parser.add_argument("--out", required=True, help="folder to write into")
    add_device(parser)
    add_force(parser)


def run(args: argparse.Namespace) -> None:
    from part.export import FORMATS, make, origin, save
    from part.inference.loading import load_model
    from part.io import check_folder

    formats = FORMATS if args.format == "all" else tuple(dict.fromkeys(args.format.split(",")))
    if unknown := [name for name in formats if name not in FORMATS]:
        raise PartError(f"There is no format {unknown[0]!r}; expected some of {', '.join(FORMATS)}, or all.")
    check_folder(Path(args.out))
    view = View(
        figure=args.figure,
        quantity=args.quantity,
        layer=_from_one(args.layer, "layer"),
        head=_from_one(args.head, "head"),
        scale=args.scale,
        order=args.order,
        query=None if args.query is None else _from_one(args.query, "query"),
        edges=args.edges,
        colour=args.colour,
        zoom=tuple(args.zoom) if args.zoom else None,
        classes=tuple(args.classes),
    )
    if args.interactive:
        _write_page(args, view)
        return
    if args.entries:
        raise PartError("--entries is for a page; expected --interactive with it, or --entry for a figure.")
    if args.beside:
        _write_models(args, view, formats)
        return
    tagger = load_model(args.model, args.device, dataset=args.dataset, **training_files(args))
    jet = _read_jet(args, tagger)
    figure = make(tagger, jet, origin(tagger, args.model, args.jets, args.entry, view), width=args.width)
    for path in save(figure, args.out, formats, args.force):
        print(path)


def _write_page(args: argparse.Namespace, view: View) -> None:
    from part.export.interactive import MAX_JETS, page_of_file, parse_entries
    from part.io import write_together

    entries = parse_entries(args.entries or str(args.entry), MAX_JETS)
    models = {title: tagger for title, (_, tagger) in _load_models(args).items()}
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", "_".join(models))
    path = Path(args.out) / f"{stem}_{len(entries)}-jets_interactive.html"
    check_outputs(args.force, path)
    write_together({path: page_of_file(models, args.jets, entries, view).encode()})
    print(path)


def _write_models(args: argparse.Namespace, view: View, formats: Sequence[str]) -> None:
    """Write one drawing with a panel for each model."""
    from part.export import make, origin
    from part.export.panels import DRAWINGS, models_stem, panel_limits, render_models
    from part.figures.jet_view import view_jet
    from part.io import write_together

    if unknown := [name for name in formats if name not in DRAWINGS]:
        raise PartError(f"Figures of several models are drawn as {', '.join(DRAWINGS)}; got {unknown[0]!r}.")
    models = _load_models(args)
    jets = {title: _read_jet(args, tagger) for title, (_, tagger) in models.items()}
    views = [view_jet(tagger, jets[title]) for title, (_, tagger) in models.items()]
    limits = panel_limits(views, view)
    figures = [
        make(tagger, jets[title], origin(tagger, name, args.jets, args.entry, view, name=title), limits)
        for title, (name, tagger) in models.items()
    ]
    contents = {
        Path(args.out) / f"{models_stem(figures)}.{kind}": render_models(figures, kind, args.width) for kind in formats
    }
    check_outputs(args.force, *contents)
    write_together(contents)
    print("\n".join(map(str, contents)))


def _load_models(args: argparse.Namespace) -> "dict[str, tuple[str, Tagger]]":
    """Return the name that was given and the model, by the titles of the figure or page."""
    from part.inference.loading import load_model

    names = dict.fromkeys((args.model, *args.beside))
    if len(names) > MAX_MODELS:
        raise PartError(f"{len(names)} different models; expected at most {MAX_MODELS}.")
    first, *others = names
    taggers = [load_model(first, args.device, dataset=args.dataset, **training_files(args))]
    taggers += [load_model(name, args.device, dataset=args.dataset) for name in others]
    titles = [tagger.name for tagger in taggers]
    titles = titles if len(set(titles)) == len(titles) else list(names)
    return {title: (name, tagger) for title, name, tagger in zip(titles, names, taggers, strict=True)}


def _read_jet(args: argparse.Namespace, tagger: "Tagger") -> "ak.Array":
    from part.jets.readers import read_jets

    jet = read_jets(args.jets, args.entry, args.entry + 1, config=tagger.data_config)
    if not len(jet):
        raise PartError(f"{args.jets}, entry {args.entry}: a jet that the data config does not select.")
    return jet


def _from_one(number: int, name: str) -> int:
    if number < 1:
        raise PartError(f"--{name} is {number}; {name}s count from 1 here.")
    return number - 1
