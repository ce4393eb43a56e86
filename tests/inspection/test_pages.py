"""Pages on files: what each is, needs and lacks, and what they make together."""

import numpy as np
import pytest
import torch
import uproot
from helpers.own_training import CLASSES, write_config, write_network, write_own_jets
from helpers.references import saved_tolerance, shared

from part.errors import PartError
from part.inspection.inspect import inspect_files
from part.inspection.page import PAGE_WIDTH, Page, Section, listed

SHIPPED = "checkpoints/part-full.safetensors"


def sections(*paths, **options):
    """Return the sections of a page by the names of their files."""
    page = inspect_files([str(path) for path in paths], options)
    return {section.title.rpartition("/")[2]: section for section in page.sections}


def test_a_page_has_lines_of_limited_width_and_names_each_subject_once():
    page = Page((Section("a", (("needs", "word " * 60), ("needs", "more"), ("is", "it"))),))
    lines = str(page).splitlines()
    assert lines[:2] == ["a", "-"]
    assert max(map(len, lines)) <= PAGE_WIDTH
    assert [line.split()[0] for line in lines[2:] if not line.startswith(" ")] == ["needs", "is"]
    assert listed("abc", 2) == "a, b, ... (3 in all)"
    assert listed([]) == "none"


def test_a_data_config_says_what_it_needs(tmp_path):
    section = sections(write_config(tmp_path / "data.yaml", "vertices"))["data.yaml"]
    assert section.texts("tree") == ["ntuple/jets"]
    assert section.texts("tokens") == ["pf (up to 20) + sv (up to 3)"]
    assert section.texts("classes") == [f"3: {', '.join(CLASSES)}"]
    assert section.texts("selection") == ["np.abs(fj_eta) < 2"]
    assert section.texts("in training") == ["(fj_pt > 50) & (np.abs(fj_eta) < 2.4)"]
    assert "cand_pt" in section.texts("needs")[0]
    assert "part_charge is cand_charge" in section.texts("quantities")[0]
    assert not section.texts("missing")


def test_a_config_without_its_standardisation_says_that_it_is_missing(tmp_path):
    section = sections(write_config(tmp_path / "data.yaml", "auto"))["data.yaml"]
    assert "standardisation of pf_logpt" in section.texts("missing")[0]


def test_a_network_file_says_what_it_builds_and_what_is_by_default(tmp_path):
    path = write_network(tmp_path / "network.py")
    section = sections(path)["network.py"]
    assert section.texts("builds") == ["ParticleTransformer"]
    assert "use_pre_activation_pair=True" in section.texts("keywords")[0]
    assert section.texts("by the data") == ["input_dim = len(data_config.input_dicts['pf_features'])"]
    assert "remove_self_pair=False" in section.texts("by default")[0]
    with_config = sections(path, write_config(tmp_path / "data.yaml"))["network.py"]
    assert "input_dim=7" in with_config.texts("keywords")[0]
    assert with_config.texts("passes on") == ["pf_features as x, pf_vectors as v, pf_mask as mask"]
    assert "num_heads=2" in sections(path, num_heads=2)["network.py"].texts("keywords")[0]


def test_jets_say_what_a_config_reads_of_them(tmp_path):
    jets, config = write_own_jets(tmp_path / "jets.root"), write_config(tmp_path / "data.yaml")
    section = sections(jets, config)["jets.root"]
    assert section.texts("entries") == ["40"]
    assert section.texts("by the config") == ["10 of the 10 branches that data needs"]
    with uproot.open(f"{jets}:ntuple/jets") as tree:
        kept = int((np.abs(tree["fj_eta"].array(library="np")) < 2).sum())
    assert kept < 40
    assert section.texts("keeps")[0].startswith(f"{kept} jets with 3 to 20 tokens")
    assert sum(int(text.split(": ")[1]) for text in section.texts("truth")[0].split(", ")) == kept
    assert "inputs of the first: pf_logpt" in section.texts("entry 0")[0]
    lacking = write_own_jets(tmp_path / "less.root", is_b=np.zeros(40))
    config = write_config(tmp_path / "data.yaml", new_variables={"pf_logpt": "np.log(no_such)"})
    assert "no_such" in sections(lacking, config)["less.root"].texts("missing")[0]


def test_jets_without_a_config_are_tried_by_the_names_of_jetclass(tmp_path):
    section = sections(write_own_jets(tmp_path / "jets.root", tree="tree"))["jets.root"]
    assert "branch part_px is missing" in section.texts("without config")[0]


def test_what_is_wrong_with_a_file_is_on_its_page(tmp_path):
    (tmp_path / "data.yaml").write_text("inputs: [")
    (tmp_path / "network.py").write_text("def get_model(:")
    (tmp_path / "notes.txt").write_text("a note")
    (tmp_path / "net.pt").write_bytes(b"PK\x03\x04 broken")
    page = sections(tmp_path)
    assert "expected a data config" in page["data.yaml"].texts("but")[0]
    assert "line 1" in page["network.py"].texts("but")[0]
    assert "unknown kind; expected weights" in page["notes.txt"].texts("is")[0]
    assert "damaged or truncated" in page["net.pt"].texts("but")[0]
    torch.save({"weight": torch.zeros(2, 2)}, tmp_path / "net.pt")
    assert "unknown architecture" in sections(tmp_path / "net.pt")["net.pt"].texts("missing")[0]


def test_a_checkpoint_of_the_project_needs_no_other_file():
    section = sections(SHIPPED, SHIPPED.replace(".safetensors", ".json"))["part-full.safetensors"]
    assert section.texts("is") == ["a checkpoint of this project, which needs no other file"]
    assert section.texts("takes") == ["17 inputs of each token"]
    assert section.texts("gives") == ["10 classes"]


def test_missing_and_empty_are_errors_and_several_of_a_kind_are_not_put_together(tmp_path):
    with pytest.raises(PartError, match="holds no files"):
        inspect_files([str(tmp_path)])
    with pytest.raises(PartError, match=r"x\.pt: No such file"):
        inspect_files([str(tmp_path / "x.pt")])
    write_config(tmp_path / "a.yaml")
    write_config(tmp_path / "b.yaml")
    assert "which of a.yaml, b.yaml" in sections(tmp_path)["Together"].texts("missing")[0]


def test_without_weights_the_others_make_no_model(tmp_path):
    write_config(tmp_path / "data.yaml")
    write_own_jets(tmp_path / "jets.root")
    assert "weights" in sections(tmp_path)["Together: data.yaml, jets.root"].texts("missing")[0]


@pytest.mark.witness
@pytest.mark.parametrize("name", ["flavour", "two_streams", "lepton_collider", "edge_conv_streams", "many_classes"])
def test_a_whole_training_makes_the_model_that_weaver_has(name):
    folder = shared(f"cases/weaver/{name}")
    expected = np.load(folder / "expected.npz")
    together = inspect_files([str(folder)]).sections[-1]
    assert not together.texts("missing")
    assert not together.texts("assumed")
    for row, entry in list(enumerate(expected["entries"]))[:3]:
        (text,) = together.texts(f"entry {entry}")
        probability = float(text.partition("with probability ")[2].partition(";")[0])
        assert probability == pytest.approx(expected["probabilities"][row].max(), abs=saved_tolerance(1e-4, 0.02))
    known = expected["labels"] >= 0
    right = (expected["probabilities"].argmax(1) == expected["labels"])[known].mean()
    accuracy = together.texts("accuracy")[0].split()[0].rstrip(";,")
    assert accuracy == f"{right:.3f}" or abs(float(accuracy) - right) < saved_tolerance(0, 0.03)


@pytest.mark.witness
def test_weights_alone_say_what_is_missing():
    section = sections(shared("cases/weaver/two_streams/net_best_epoch_state.pt"))["net_best_epoch_state.pt"]
    assert section.texts("takes") == ["11 and 6 inputs of the tokens of 2 collections"]
    assert "use_pre_activation_pair" in section.texts("missing")[0]
