"""The study `atlas`: heads built by hand get their names, random ones get none, and all numbers have closed forms."""

import awkward as ak
import numpy as np
import pytest
from helpers.attribution import CONFIGS, tagger_loader
from helpers.truth import with_partons

from part.analysis.atlas import study as atlas_study
from part.analysis.atlas.hypotheses import HYPOTHESES
from part.analysis.atlas.measure import find_keys, measure
from part.analysis.atlas.names import find_names
from part.analysis.atlas.study import AtlasStudy
from part.analysis.atlas.tokens import Tokens
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.studies import atlas as charts
from part.figures.studies import study_charts
from part.inference.activations import normalised_patterns, patterns_and_class_rows
from part.jets.features import multiplicities

pytestmark = pytest.mark.filterwarnings("ignore:.*more than 128 constituents")
ABSENT = ("vertices",)  # of a model that takes one collection
HEADS = 4  # of the small model: two layers of two heads


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def sample(jets):
    """Sixty jets of 9 to 49 particles with two prongs each, no two of them alike."""
    some = with_partons(jets[(ak.num(jets["part_px"]) < 50) & (ak.num(jets["part_px"]) > 8)])
    assert len(some) >= 4
    copies = [ak.with_field(some, some["part_px"] * (1 + 0.01 * i), "part_px") for i in range(60 // len(some) + 1)]
    return ak.concatenate(copies)[:60]


@pytest.fixture(scope="module")
def tokens(sample):
    return Tokens.from_jets(sample, 3, 3)


def on_keys(keys: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return attention (J, N, N) that is uniform over keys (J, N, N), or over all tokens where there are none."""
    pairs = (mask[:, :, None] & mask[:, None, :]).astype(float)
    chosen = np.where(keys.any(-1, keepdims=True), keys, pairs)
    return np.divide(chosen, chosen.sum(-1, keepdims=True), out=np.zeros_like(pairs), where=mask[:, :, None])


def shuffled(rows: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return attention (J, N, N) whose rows are in random order among the real keys."""
    result = np.zeros_like(rows)
    for jet, n in enumerate(mask.sum(1)):
        result[jet, :n, :n] = rng.permuted(rows[jet, :n, :n], axis=1)
    return result


def study_of(patterns: np.ndarray, sample, tagger, monkeypatch, **options):
    """Study patterns (J, HEADS, N, N) in place of those of the model."""
    places = {tuple(px): i for i, px in enumerate(ak.to_list(sample["part_px"]))}
    assert len(places) == len(sample)

    def made_up(tagger, jets):
        chosen = [places[tuple(px)] for px in ak.to_list(jets["part_px"])]
        counts = multiplicities(jets)
        n = int(counts.max())
        pattern = patterns[chosen][..., :n, :n].reshape(len(jets), 2, 2, n, n)
        return pattern, np.zeros((len(jets), 2 * CONFIGS["part"].heads, n)), np.arange(n) < counts[:, None]

    monkeypatch.setattr(atlas_study, "patterns_and_class_rows", made_up)
    return study_jets(AtlasStudy(untrained=0, **options), tagger, sample)


@pytest.mark.parametrize("first", range(0, len(HYPOTHESES) - len(ABSENT), HEADS))
def test_heads_built_by_hand_get_their_names(first, sample, tokens, load, monkeypatch):
    names = [name for name in HYPOTHESES if name not in ABSENT][first : first + HEADS]
    keys = dict(zip(HYPOTHESES, find_keys(tokens, HYPOTHESES).swapaxes(0, 1), strict=True))
    made = [on_keys(keys[name], tokens.mask) for name in names]
    made += [on_keys(np.zeros_like(keys["leading"]), tokens.mask)] * (HEADS - len(made))
    result = study_of(np.stack(made, 1), sample, load("part"), monkeypatch)
    for r, name in enumerate(names):
        found = result.names[r]
        assert found is not None, name
        assert result.hypotheses[found.hypothesis] == name
        assert found.share == pytest.approx(1)
        assert found.effect == pytest.approx(1)
        assert result.label(r).startswith(f"{HYPOTHESES[name].title}, 1.00 ± 0.00, null 0.")
    assert all(name is None for name in result.names[len(names) :])


def test_shuffled_keys_receive_what_the_null_says_and_give_no_name(sample, tokens, load, monkeypatch):
    rng = np.random.default_rng(0)
    n = tokens.mask.shape[1]
    sharp = rng.random((len(tokens.mask), HEADS, n, n)) ** 8 * (
        tokens.mask[:, None, :, None] & tokens.mask[:, None, None]
    )
    rows = np.divide(
        sharp, sharp.sum(-1, keepdims=True), out=np.zeros_like(sharp), where=sharp.sum(-1, keepdims=True) > 0
    )
    result = study_of(rows, sample, load("part"), monkeypatch)
    assert not any(result.names)
    z = result.effects.excess[:2, :HEADS] / result.effects.error[:2, :HEADS]
    assert np.abs(z[np.isfinite(z)]).max() < 4.5
    assert np.nanstd(z) == pytest.approx(1, abs=0.25)


def test_the_null_is_the_mean_over_permutations(tokens):
    """Of one jet whose head attends to itself and its neighbours, all keys or all other keys are permuted."""
    jet = tokens.select(np.arange(len(tokens.mask)) == 0, int(tokens.mask[0].sum()))
    n, rng = int(jet.mask.sum()), np.random.default_rng(1)
    pattern = rng.random((n, n)) ** 4
    pattern[np.arange(n), np.arange(n)] += 1
    pattern /= pattern.sum(1, keepdims=True)

    def share(rows: np.ndarray) -> np.ndarray:
        return measure(rows[None, None, None], np.zeros((1, 0, n)), jet, HYPOTHESES).share[0, 0]

    null = measure(pattern[None, None, None], np.zeros((1, 0, n)), jet, HYPOTHESES).null[0, 0]
    of_all, of_others = [], []
    for _ in range(500):
        of_all.append(share(rng.permuted(pattern, axis=1)))
        others = pattern.copy()
        for i in range(n):
            rest = np.arange(n) != i
            others[i, rest] = rng.permutation(pattern[i, rest])
        of_others.append(share(others))
    is_pair = np.array([h.of_others for h in HYPOTHESES.values()])
    drawn = np.where(is_pair, of_others, of_all)
    known = np.isfinite(null)
    assert known.sum() >= 14
    assert (np.abs(drawn.mean(0) - null) < 5 * drawn.std(0) / 500**0.5 + 1e-9)[known].all()


def test_shares_of_the_class_token_are_those_of_its_row(load, sample, tokens):
    pattern, class_rows, mask = patterns_and_class_rows(load("part"), sample)
    np.testing.assert_array_equal(pattern, normalised_patterns(load("part"), sample)[0])
    shares = measure(pattern, class_rows, tokens, HYPOTHESES)
    leptons = list(HYPOTHESES).index("charged")
    rows = class_rows / class_rows.sum(-1, keepdims=True)
    expected = (rows * ((tokens.charge != 0) & mask)[:, None]).sum(-1)
    known = np.isfinite(shares.share[:, HEADS:, leptons])
    assert known.all(1).sum() > 40
    np.testing.assert_allclose(shares.share[:, HEADS:, leptons][known], expected[known], rtol=1e-5)
    of_pairs = [name for name, h in HYPOTHESES.items() if h.of_others or name == "itself"]
    assert np.isnan(shares.share[:, HEADS:, [list(HYPOTHESES).index(name) for name in of_pairs]]).all()


def test_keys_of_two_hypotheses_overlap_as_their_products(load, sample, tokens):
    pattern, class_rows, mask = patterns_and_class_rows(load("part"), sample)
    shares = measure(pattern, class_rows, tokens, HYPOTHESES)
    a, b = (list(HYPOTHESES).index(name) for name in ("charged", "nearest"))
    keys = find_keys(tokens, HYPOTHESES)
    n = mask.sum(1)
    flat = pattern.reshape(len(n), HEADS, *pattern.shape[-2:])
    expected = (flat * (keys[:, a] & keys[:, b])[:, None]).sum((2, 3)) / n[:, None]
    np.testing.assert_allclose(shares.overlap[:, :HEADS, a, b], expected, rtol=1e-5)
    np.testing.assert_array_equal(shares.overlap, shares.overlap.swapaxes(2, 3))
    np.testing.assert_allclose(shares.common[:, a, b], (keys[:, a] & keys[:, b]).sum((1, 2)) / n**2)


@pytest.mark.parametrize("size", [1, 7])
def test_batches_and_the_order_of_jets_change_nothing(size, load, sample, monkeypatch):
    tagger = load("part")
    expected = study_jets(AtlasStudy(untrained=2), tagger, sample).arrays()
    monkeypatch.setattr(AtlasStudy, "batch_size", size)
    entries = np.arange(len(sample))[::-1]
    other = study_jets(AtlasStudy(untrained=2), tagger, ak.with_field(sample[::-1], entries, "entry")).arrays()
    for name, values in expected.items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(other[name], values, rtol=1e-3, atol=2e-5, err_msg=name)
    assert (other["best"] == expected["best"]).mean() > 0.99  # but for excesses that are equal to rounding


def test_merged_sums_are_those_of_all_jets(load, sample):
    study, tagger = AtlasStudy(untrained=2), load("part")
    sample = ak.with_field(sample, np.arange(len(sample)), "entry")
    whole, first, second = (study.accumulator(tagger) for _ in range(3))
    whole.add(sample, None)
    first.add(sample[:25], None)
    second.add(sample[25:], None)
    first.merge(second.sums)
    for name, values in whole.result().arrays().items():
        if values.dtype.kind == "f":
            np.testing.assert_allclose(first.result().arrays()[name], values, rtol=1e-3, atol=2e-5, err_msg=name)


def test_random_weights_get_no_name_in_95_of_100_tries(load, sample):
    """A hundred heads are four of each of 25 models; the null are 19 other initialisations."""
    null = study_jets(AtlasStudy(), load("part"), sample).untrained
    named = 0
    for seed in range(100, 125):
        effects = study_jets(AtlasStudy(untrained=0), load("part").reinitialised(seed), sample).effects
        named += sum(name is not None for name in find_names(effects, null, 0.2)[:HEADS])
    assert named <= 5


def test_rows_and_charts_tell_the_same(load, sample):
    result = study_jets(AtlasStudy(untrained=2), load("part"), sample)
    rows = result.rows()
    assert {row["hypothesis"] for row in rows} == set(HYPOTHESES) - set(ABSENT) - {"leptons"} | (
        {"leptons"} if any(row["hypothesis"] == "leptons" for row in rows) else set()
    )
    one = next(row for row in rows if row["source"] == "layer 2, head 1" and row["hypothesis"] == "same_subjet")
    drawn = charts.effect_map(result, "same_subjet").values[1, 0]
    assert one["effect"] == pytest.approx(drawn)
    assert one["effect"] == pytest.approx((one["share"] - one["shuffled"]) / (1 - one["shuffled"]))
    bars = charts.head_bars(result, charts.source_index(result, "head", 1, 0))
    titles = dict(zip(bars.series[0].x, bars.series[0].y, strict=True))
    assert titles["same subjet"] == pytest.approx(drawn)
    assert list(bars.series[0].y) == sorted(bars.series[0].y, reverse=True)
    drawn_charts = study_charts("atlas", result)
    assert {"names", "class_names", "position", "spread", "effect_nearest"} <= set(drawn_charts)
    assert charts.source_index(result, "head", 9, 0) is None


def test_models_without_attention_between_particles_are_refused(load, sample):
    for name in ("linpart", "pfn"):
        with pytest.raises(PartError, match="atlas of heads"):
            study_jets(AtlasStudy(), load(name), sample)
    with pytest.raises(PartError, match="0 neighbours"):
        AtlasStudy(neighbours=0)
