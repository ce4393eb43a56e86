"""python -m part models: one line for each checkpoint."""

import json

from part.__main__ import main
from part.cli.models import COLUMNS, row
from part.models.checkpoints.cards import total_jets_seen
from part.models.checkpoints.catalogue import BUNDLED, bundled_names


def test_every_bundled_checkpoint_has_its_line(capsys):
    assert main(["models", "--markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == bundled_names()
    assert {len(line.split("|")) for line in lines} == {len(COLUMNS) + 2}
    card = json.loads((BUNDLED / "part-full.json").read_text())
    (row_of_full,) = (line for line in lines if "| part-full |" in line)
    assert f"| {card['held_out']['accuracy']:.3f} ± {card['held_out']['accuracy_error']:.3f} |" in row_of_full


def test_a_terminal_gets_columns(capsys):
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    column = lines[0].index("dataset")
    assert {line[column:].split()[0] for line in lines[1:] if line[column:].strip()} <= {
        "JetClass",
        "QuarkGluon",
        "TopLandscape",
    }


def test_earlier_trainings_count_as_seen():
    assert total_jets_seen({"jets_seen": 3, "before": {"jets_seen": 4, "before": {"jets_seen": 5}}}) == 12


def test_a_short_card_leaves_cells_empty(tmp_path):
    card = {"config": {"model": "PFN"}, "features": "kin", "dataset": "JetClass"}
    cells = ("net", "PFN", "JetClass", "kin", "", "", "", "", "")
    assert row("net", tmp_path / "net.json", card) == cells


def test_a_folder_without_cards_is_refused(tmp_path, capsys):
    assert main(["models", "--folder", str(tmp_path)]) == 2
    assert "has no checkpoints with cards" in capsys.readouterr().err
