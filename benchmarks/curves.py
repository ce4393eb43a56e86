"""Plot how trainings went, and the gain from more jets.

python benchmarks/curves.py RUN... --sizes CHECKPOINT... --figure FILE

RUN is a folder of `part train`. Its validation accuracy after each epoch is drawn against the jets that the training
has seen; the runs that it continues precede it if their folders exist. CHECKPOINT has a card that says on how many
different jets it was trained, and how good it is on others (`part evaluate --card`).
"""

import argparse
import csv
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from part.figures.matplotlib.style import publication_style
from part.models.checkpoints.cards import parse_card


def curve(run: Path) -> tuple[list[int], list[float]]:
    """Return the jets seen and the validation accuracy after each epoch."""
    config = parse_card(run / "plan.json")
    training = parse_card(run / f"{config['name']}.json")["training"]
    jets_per_epoch = training["jets_seen"] // training["epochs_done"]
    earlier = Path(config["start_from"] or "").parent
    seen, accuracy = curve(earlier) if (earlier / "plan.json").exists() else ([], [])
    before = seen[-1] if seen else 0
    with (run / "log" / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["val_accuracy"]]
    seen += [before + jets_per_epoch * (int(row["epoch"]) + 1) for row in rows]
    return seen, accuracy + [float(row["val_accuracy"]) for row in rows]


def size(checkpoint: Path) -> tuple[int, float, float]:
    """Return the number of different training jets, and accuracy and error on others."""
    card = parse_card(checkpoint.with_suffix(".json"))
    return card["training"]["unique_jets"], card["held_out"]["accuracy"], card["held_out"]["accuracy_error"]


def draw_curves(axes: Axes, runs: list[Path]) -> None:
    for run in runs:
        seen, accuracy = curve(run)
        axes.plot(seen, accuracy, marker="." if len(seen) <= 20 else "", linewidth=1, label=run.name)
        print(f"{run.name:24} {seen[-1]:>10,} jets seen, accuracy {accuracy[-1]:.4f} on the validation jets")
    axes.set(xscale="log", xlabel="jets seen in this training", ylabel="validation accuracy")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1, 1))


def draw_sizes(axes: Axes, checkpoints: list[Path]) -> None:
    points = sorted(map(size, checkpoints))
    jets, accuracy, error = zip(*points, strict=True)
    axes.errorbar(jets, accuracy, error, marker="o", markersize=4, linewidth=1)
    axes.set(xscale="log", xlabel="different jets trained on", ylabel="accuracy on others")
    for row in points:
        print("{:>10,} different jets: {:.4f} ± {:.4f}".format(*row))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--sizes", nargs="*", type=Path, default=[])
    parser.add_argument("--figure", type=Path, required=True)
    options = parser.parse_args()
    with publication_style():
        figure = Figure(figsize=(10, 3.6) if options.sizes else (6, 3.6), layout="constrained")
        left, *right = figure.subplots(1, 2 if options.sizes else 1, squeeze=False)[0]
        draw_curves(left, options.runs)
        if options.sizes:
            draw_sizes(right[0], options.sizes)
        figure.savefig(options.figure, dpi=150)
    print(f"Wrote {options.figure}.")


if __name__ == "__main__":
    main()
