"""Jets that are unlike those of the training are marked, and the shipped ones are not."""

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.jets import write_model
from helpers.references import shared

import part
from part.inference.training_range import RANGES, JetRange, jet_range, outside_training, range_of
from part.jets.features import make_ragged
from part.jets.preprocessing import add_derived_fields

MODELS = {"JetClass": "part-kin", "TopLandscape": "part-top", "QuarkGluon": "part-qg-kin"}
NAMES = {"JetClass": "jetclass_like", "TopLandscape": "toplandscape_like", "QuarkGluon": "quarkgluon_like"}
REAL = {"JetClass": "jetclass_250", "TopLandscape": "toplandscape_1000", "QuarkGluon": "quarkgluon_1000"}


def marked(texts: list[str | None]) -> float:
    return float(np.mean([text is not None for text in texts]))


@pytest.mark.parametrize("dataset", RANGES)
def test_hardly_any_jet_of_a_benchmark_is_marked(dataset):
    tagger = part.load_model(MODELS[dataset])
    jets = part.read_jets(f"data_samples/{NAMES[dataset]}.root")
    texts = outside_training(tagger, jets)
    assert not any("GeV" in text or "η" in text for text in texts if text)
    assert marked(texts) < 0.002
    assert marked(outside_training(tagger, part.read_jets(shared(f"real_jets/{REAL[dataset]}.npz")))) < 0.01


def test_most_jets_of_jetclass_ii_are_outside_of_jetclass():
    jets = part.read_jets(shared("real_jets/jetclass2_50.parquet"))
    pt = add_derived_fields(jets)["jet_pt"].to_numpy()
    texts = outside_training(part.load_model("part-full"), jets)
    is_outside = (pt < 485) | (pt > 1025)
    assert is_outside.sum() > 20
    assert all("the training has 500 to 1000" in texts[i] for i in np.flatnonzero(is_outside))
    assert not any(texts[i] for i in np.flatnonzero((pt > 500) & (pt < 1000)))


class TestMadeUpModel:
    @pytest.fixture
    def tagger(self, tmp_path):
        return part.load_model(write_model(tmp_path / "m.safetensors", embed=(8,)))

    @pytest.fixture
    def jets(self):
        return part.read_jets("data_samples/jetclass_like.root")[:20]

    def fit(self, tagger, jets) -> np.ndarray:
        """Give the model the statistics of these jets, as if it had been trained on them; return its inputs."""
        ragged = make_ragged(jets, tagger.features)
        [norm] = tagger.model.input_norms()
        norm.running_mean = torch.from_numpy(ragged.x.mean(0))
        norm.running_var = torch.from_numpy(ragged.x.var(0) + 1e-6)
        tagger.card["training"] = {"ranges": range_of(ragged.v, ragged.counts).to_card()}
        return ragged.x

    def test_the_jets_of_the_training_are_not_marked(self, tagger, jets):
        self.fit(tagger, jets)
        assert outside_training(tagger, jets) == [None] * len(jets)

    def test_momenta_in_mev_are_marked_by_momentum_and_by_input(self, tagger, jets):
        self.fit(tagger, jets)
        mev = ak.copy(jets)
        for name in ("part_px", "part_py", "part_pz", "part_energy", "jet_pt", "jet_energy"):
            mev[name] = 1000 * mev[name]
        texts = outside_training(tagger, mev)
        assert all("the training has" in text and "standard deviations" in text for text in texts)

    def test_the_mean_of_an_input_decides(self, tagger, jets):
        x = self.fit(tagger, jets)
        [norm] = tagger.model.input_norms()
        first = x[: int(ak.num(jets.part_px)[0])]
        limit = 3 * (1 + 1 / len(first) ** 0.5)
        for distance, is_marked in ((0.99 * limit, False), (1.01 * limit, True)):
            norm.running_mean[2] = float(first[:, 2].mean()) - distance * float(norm.running_var[2] + norm.eps) ** 0.5
            text = outside_training(tagger, jets[:1])[0]
            assert (text is not None) == is_marked
        assert text.startswith(
            f"the mean of {tagger.features.features[2].name} is {1.01 * limit:.1f} standard deviations"
        )

    def test_few_constituents_are_said(self, tagger, jets):
        self.fit(tagger, jets)
        few = jets[:1]
        for name in few.fields:
            if name.startswith("part_"):
                few = ak.with_field(few, few[name][:, :2], name)
        low, high = (f"{value:.0f}" for value in jet_range(tagger).n)
        assert f"2 constituents, the training has {low} to {high}" in outside_training(tagger, few)[0]


def test_ranges_survive_a_card():
    known = JetRange((200.0, 400.5), 1.5, (3.0, 90.0))
    assert JetRange.from_card(known.to_card()) == known
    unknown = range_of(np.zeros((5, 4), np.float32), np.array([2, 3]))
    assert unknown == JetRange(n=(2.0, 3.0))
    assert JetRange.from_card(unknown.to_card()) == unknown
