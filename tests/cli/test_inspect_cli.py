"""python -m part inspect."""

from helpers.own_training import write_config, write_network

from part.__main__ import main


def test_the_page_is_printed_and_options_are_taken(tmp_path, capsys):
    write_config(tmp_path / "data.yaml")
    write_network(tmp_path / "network.py")
    assert main(["inspect", str(tmp_path), "-o", "num_heads", "2"]) == 0
    out = capsys.readouterr().out
    assert "a weaver data config" in out
    assert "num_heads=2" in out
    assert "Together: data.yaml, network.py" in out


def test_a_missing_file_is_one_sentence(tmp_path, capsys):
    assert main(["inspect", str(tmp_path / "none.pt")]) == 2
    assert capsys.readouterr().err.strip().endswith("none.pt: No such file or directory.")
