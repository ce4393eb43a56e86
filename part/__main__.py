"""python -m part COMMAND"""

import argparse
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import TextIO

from part.errors import PartError, UndecidedError, shortened

# Each command's module has add_arguments(parser) and run(args); only the requested one is imported.
COMMANDS = {
    "download": ("part.cli.download", "get a public dataset or the published weights"),
    "simulate": ("part.cli.simulate", "make jets like a benchmark's (needs pythia8mc)"),
    "train": ("part.cli.train", "train a tagger on jets with labels"),
    "dictionary": ("part.cli.dictionary", "train a dictionary of sparse features of a model's activations"),
    "lr-find": ("part.cli.lr_find", "find a learning rate for a training"),
    "models": ("part.cli.models", "list the shipped checkpoints and how good they are"),
    "inspect": ("part.cli.inspect", "say what files are, what they need, and what they make together"),
    "evaluate": ("part.cli.evaluate", "measure a model on jets with labels"),
    "predict": ("part.cli.predict", "write the class probabilities of the jets in files of any size"),
    "compare": ("part.cli.compare", "compare two to four models on the jets of files of any size"),
    "study": ("part.cli.study", "measure what a model's attention does, over jets in files of any size"),
    "report": ("part.cli.report", "write the whole interpretation of a training, as one file to read and to print"),
    "reproduce": ("part.cli.reproduce", "repeat the measurements of a paper on ParT's attention"),
    "bench": ("part.cli.bench", "measure how fast models are on this machine and where their time goes"),
    "export": ("part.cli.export", "write a figure with its numbers and their provenance"),
    "quantize": ("part.cli.quantize", "convert a model to int8, about a quarter of its size"),
    "convert": ("part.cli.convert", "turn a weaver .pt into a project checkpoint"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; bad input ends with one sentence on stderr and exit code 2."""
    argv = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(prog="python -m part", description="ParTScope on the command line.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run: Callable[[argparse.Namespace], None] | None = None
    for name, (path, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if argv[:1] == [name]:
            module = import_module(path)
            module.add_arguments(command)
            run = module.run
    args = parser.parse_args(argv)  # exits without a known command
    assert run is not None
    from part.io import check_name
    from part.jets.notices import gathered

    try:
        with warnings.catch_warnings(), gathered(_say):
            warnings.showwarning = _show_warning  # ty: ignore[invalid-assignment]  # as its documentation allows
            for word in argv:
                check_name(word)
            run(args)
    except UndecidedError as error:
        _say(shortened(f"{error.sentence}; say which with --{error.option}."))
        return 2
    except PartError as error:
        _say(shortened(str(error)))
        return 2
    except OSError as error:  # what was written or read before has become impossible: the disk is full, for instance
        place = error.filename or "A file"
        _say(shortened(f"{place} cannot be written or read: {error.strerror or error}."))
        return 2
    except KeyboardInterrupt:
        print("Interrupted; no file was left incomplete.", file=sys.stderr)
        return 130
    return 0


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning as a sentence; the line of code that it comes from helps no user."""
    _say(str(message))


if __name__ == "__main__":
    sys.exit(main())
