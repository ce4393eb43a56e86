"""python -m part reproduce PAPER: the studies that answer to a paper on ParT's attention, on our models and jets.

What the papers claim, and what comes out here, is in docs/reproductions.md.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from part.cli import study

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Paper:
    """model and jets (of data_samples) that its studies take; steps: a study and its options each."""

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
    listed = "; ".join(f"{number}: {paper.title.lower()}" for number, paper in PAPERS.items())
    parser.add_argument("paper", choices=PAPERS, help=f"its number at arXiv ({listed})")
    parser.add_argument("--model", help="in place of ours")
    parser.add_argument("--jets", nargs="+", help="files, folders, globs or URLs in place of ours")
    parser.add_argument("--stop", type=int, default=1000, help="jets of the sample (default: 1000)")
    parser.add_argument("--out", required=True, type=Path, help="folder to write into, a folder a study")
    parser.add_argument("--format", default="pdf,png", help="of the figures (default: pdf,png)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")
    parser.add_argument("--force", action="store_true", help="overwrite existing files")


def run(args: argparse.Namespace) -> None:
    paper = PAPERS[args.paper]
    parser = argparse.ArgumentParser()
    study.add_arguments(parser)
    for number, (kind, *options) in enumerate(paper.steps, 1):
        print(f"{kind} {' '.join(options)}".strip())
        jets = args.jets or [str(ROOT / "data_samples" / paper.jets)]
        words = [kind, "--model", args.model or paper.model, "--jets", *jets, "--stop", str(args.stop)]
        words += ["--out", str(args.out / f"{number}_{kind}"), "--format", args.format, "--device", args.device]
        study.run(parser.parse_args([*words, *(["--force"] if args.force else []), *options]))
