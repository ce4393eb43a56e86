"""The studies `truth` and `physics` with trainings of any inputs, and on real jets that say their partons."""

from pathlib import Path

import numpy as np
import pytest
from helpers.references import shared

import part
from part.analysis.physics.study import PhysicsStudy
from part.analysis.study import study_jets
from part.analysis.truth.overlap import GROUPS
from part.analysis.truth.prongs import find_prongs
from part.analysis.truth.study import TruthStudy
from part.errors import PartError

pytestmark = [pytest.mark.witness, pytest.mark.filterwarnings("ignore::UserWarning")]
CASES = ("flavour", "two_streams", "lepton_collider", "edge_conv_streams", "many_classes")


def load(case: str):
    folder = Path(shared(f"cases/weaver/{case}/data.yaml")).parent
    auto, jets = folder / "data.auto.yaml", next(folder.glob("jets.*"))
    config = auto if auto.exists() else folder / "data.yaml"
    tagger = part.load_model(folder / "net_best_epoch_state.pt", config=config, network=folder / "network.py")
    return tagger, part.read_jets(jets, 0, 12, config=tagger.data_config)


@pytest.mark.parametrize("case", CASES)
def test_correlations_exist_for_every_training(case):
    tagger, jets = load(case)
    result = study_jets(PhysicsStudy(methods=("occlusion",), draws=10), tagger, jets)
    assert np.isfinite(result.of_particles.value[0]).any()
    assert (result.of_heads is not None) == (tagger.config.attends_to == "particles")


def test_188_classes_are_compared_with_the_partons_of_real_jets():
    tagger, _ = load("many_classes")
    jets = part.read_jets(shared("real_jets/jetclass2_50.parquet"), 0, 12, config=tagger.data_config)
    result = study_jets(TruthStudy(methods=("rollout",)), tagger, jets)
    assert result.left_out == 0
    share = result.means["share"]
    assert (share.jets[0, :, GROUPS.index("any prong")] == len(jets)).all()
    pt = [str(source) for source in result.sources].index("pT")
    assert share.value[0, pt, GROUPS.index("any prong")] > result.means["shuffled"].value[0, GROUPS.index("any prong")]


def test_jets_that_say_no_partons_are_refused_with_one_sentence():
    tagger, jets = load("flavour")
    with pytest.raises(PartError, match="can be compared with the truth"):
        study_jets(TruthStudy(methods=("occlusion",)), tagger, jets)


def test_most_of_the_momentum_of_real_jets_belongs_to_their_prongs():
    """The 50 jets of JetClass-II by either way of matching."""
    jets = part.read_jets(shared("real_jets/jetclass2_50.parquet"))
    pt = np.hypot(jets["part_px"], jets["part_py"])
    for by in ("deltaR", "kt"):
        prongs = find_prongs(jets, by)
        known = prongs.count > 0
        padded = np.zeros(prongs.index.shape)
        padded[np.arange(padded.shape[1]) < np.array([len(p) for p in pt])[:, None]] = np.concatenate(pt.to_list())
        shares = (padded * (prongs.index >= 0)).sum(1) / padded.sum(1)
        assert known.mean() > 0.9
        assert np.median(shares[known]) > 0.8, by
