"""The cases of ../shared/cases/reliability that reach models: absurd angles, identical particles, a flipped bit."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from helpers.references import shared

import part
from part.__main__ import main
from part.errors import PartError
from part.jets.subjets import lund_plane
from part.models.checkpoints.catalogue import BUNDLED

MODELS = ("part-full", "part-full@bf16", "part-int8", "part-fused", "part-kin", "linpart-projected", "particlenet-full")


@pytest.mark.parametrize("model", MODELS)
def test_a_sound_jet_far_forward_has_finite_probabilities(model):
    jets = part.read_jets(shared("cases/reliability/eta_minus_10.root"))
    tagger = part.load_model(model)
    probabilities = tagger.predict(jets)
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=2e-3)
    if tagger.config.attends_to == "particles":
        assert np.isfinite(tagger.trace(jets[:1]).pattern).all()


@pytest.mark.parametrize("model", ["part-full", "part-full@bf16", "part-int8"])
def test_an_absurd_angle_is_refused_in_the_same_sentence(model):
    said = []
    for name in (model, "part-fused"):
        with pytest.raises(PartError) as error:
            part.load_model(name).predict(part.read_jets(shared("cases/reliability/deta_3e38.root")))
        said.append(str(error.value).replace(name, "MODEL"))
    assert said[0] == said[1]
    assert "\n" not in said[0]


@pytest.mark.parametrize("command", ["predict --out {out}/p.parquet --strict", "evaluate --strict"])
def test_commands_refuse_it_in_one_sentence(command, tmp_path, capsys):
    path = shared("cases/reliability/deta_3e38.root")
    name, *options = command.format(out=tmp_path).split()
    assert main([name, "--model", "part-full", "--jets", str(path), *options]) == 2
    *_, sentence = capsys.readouterr().err.strip().splitlines()
    assert "deta_3e38.root" in sentence
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore:.*as if momenta were in MeV")
def test_identical_particles_have_a_finite_lund_plane():
    plane = lund_plane(part.read_jets(shared("cases/reliability/sixteen_identical.root")))
    columns = [np.concatenate([np.asarray(row) for row in plane[name].to_list()]) for name in plane.fields]
    assert len(columns[0]) == 15
    assert all(np.isfinite(column).all() for column in columns)


def test_a_flipped_bit_of_weavers_weights_is_damage(tmp_path):
    torch.save({"embed.weight": torch.rand(64, 64)}, tmp_path / "sound.pt")
    script = shared("cases/reliability/damage_pt.py")
    subprocess.run([sys.executable, script, tmp_path / "sound.pt", tmp_path / "damaged.pt"], check=True)
    with pytest.raises(PartError, match="damaged or truncated"):
        part.load_model(tmp_path / "damaged.pt")
    with pytest.raises(PartError) as error:
        part.load_model(tmp_path / "sound.pt")
    assert "damaged" not in str(error.value)


def test_the_models_of_these_tests_ship():
    assert {name.partition("@")[0] for name in MODELS} <= {path.stem for path in BUNDLED.glob("*.json")}
