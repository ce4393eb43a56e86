"""python -m part export: write a figure of one jet as one model sees it, as drawings and arrays."""

import argparse
from pathlib import Path

from part.cli.options import add_device, add_force, add_model, training_files
from part.errors import PartError
from part.figures.view import COLOURS, FIGURES, ORDERS, QUANTITIES, SCALES, View


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
    parser.add_argument("--out", required=True, help="folder to write into")
    add_device(parser)
    add_force(parser)


def run(args: argparse.Namespace) -> None:
    from part.export import FORMATS, make, origin, save
    from part.inference.loading import load_model
    from part.io import check_folder
    from part.jets.readers import read_jets

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
        classes=tuple(args.classes),
    )
    tagger = load_model(args.model, args.device, dataset=args.dataset, **training_files(args))
    jet = read_jets(args.jets, args.entry, args.entry + 1, config=tagger.data_config)
    if not len(jet):
        raise PartError(f"{args.jets}, entry {args.entry}: a jet that the data config does not select.")
    figure = make(tagger, jet, origin(tagger, args.model, args.jets, args.entry, view), width=args.width)
    for path in save(figure, args.out, formats, args.force):
        print(path)


def _from_one(number: int, name: str) -> int:
    if number < 1:
        raise PartError(f"--{name} is {number}; {name}s count from 1 here.")
    return number - 1
