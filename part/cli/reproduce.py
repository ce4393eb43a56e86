"""python -m part reproduce PAPER: repeat the measurements of a paper on ParT's attention with our models and jets.

The claims of the papers and the results here are in docs/reproductions.md.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from part.cli import study
from part.cli.options import add_dataset, add_device, add_force, add_training_files
from part.errors import PartError
from part.io import check_folder

SAMPLES = Path(__file__).parents[2] / "data_samples"  # in a checkout; a wheel has none


@dataclass(frozen=True)
class Paper:
    """A paper: the model and the file of data_samples to study, and each study with its options."""

    title: str
    model: str
    jets: str
    steps: tuple[tuple[str, ...], ...]


PAPERS = {
    "2412.03673": Paper(
        "Sparse attention, subjets, lepton heads", "part-full", "jetclass_like.root", (("sparsity",), ("importance",))
    ),
    "2512.00210": Paper(
        "q·k makes attention sparse, the interaction moves it",
        "part-full",
        "jetclass_like.root",
        (("bias",), ("bias_switch",), ("sparsity",), ("components",), ("topk",)),
    ),
    "2605.09881": Paper(
        "Ablation, path patching, probes",
        "part-top",
        "toplandscape_like.root",
        (
            ("importance", "--instead", "mean"),
            ("patching", "--clean", "Top", "--corrupted", "QCD"),
            ("patching", "--clean", "QCD", "--corrupted", "Top"),
            ("probes",),
            ("lens",),
        ),
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    papers = "; ".join(f"{number}: {paper.title.lower()}" for number, paper in PAPERS.items())
    parser.add_argument("paper", choices=PAPERS, help=f"its number at arXiv ({papers})")
    parser.add_argument("--model", help="model to study instead of ours")
    parser.add_argument("--jets", nargs="+", help="files, folders, globs or URLs to study instead of our jets")
    parser.add_argument("--stop", type=int, default=1000, help="number of jets (default: 1000)")
    parser.add_argument("--out", required=True, type=Path, help="folder to write into, with a folder for each study")
    parser.add_argument("--format", default="pdf,png", help="figure formats (default: pdf,png)")
    add_training_files(parser)
    add_dataset(parser)
    add_device(parser)
    add_force(parser)


def run(args: argparse.Namespace) -> None:
    paper = PAPERS[args.paper]
    jets = args.jets or [str(SAMPLES / paper.jets)]
    if not args.jets and not (SAMPLES / paper.jets).is_file():
        raise PartError(f"{paper.jets} comes with the repository and is not here; give jets with --jets.")
    check_folder(args.out)
    parser = argparse.ArgumentParser()
    study.add_arguments(parser)
    for number, (kind, *options) in enumerate(paper.steps, 1):
        print(f"{kind} {' '.join(options)}".strip())
        words = [kind, "--model", args.model or paper.model, "--jets", *jets, "--stop", str(args.stop)]
        words += ["--out", str(args.out / f"{number}_{kind}"), "--format", args.format, "--device", args.device]
        study.run(parser.parse_args([*words, *_described(args), *(["--force"] if args.force else []), *options]))


def _described(args: argparse.Namespace) -> list[str]:
    """Return the options that describe weaver weights, as they were given."""
    given = (("--config", args.config), ("--network", args.network), ("--dataset", args.dataset))
    words = [word for flag, value in given if value is not None for word in (flag, str(value))]
    return words + [word for pair in args.option for word in ("-o", *pair)]
