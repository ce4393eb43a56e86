"""python -m part inspect: what files are, what they need, and what they make together."""

import argparse

from part.cli.options import parse_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    text = "weights, data config, network file, files of jets, in any order, or a folder of them"
    parser.add_argument("files", nargs="+", metavar="FILE", help=text)
    text = "what overrides the files, as for --model; may be repeated"
    parser.add_argument("-o", "--option", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"), help=text)


def run(args: argparse.Namespace) -> None:
    from part.inspection.inspect import inspect_files

    print(inspect_files(args.files, parse_options(args.option)))
