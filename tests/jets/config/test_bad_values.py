"""Files with missing, infinite or wrong values, as data configs read them: one sentence, or a safe value."""

import awkward as ak
import numpy as np
import pytest
from helpers.own_training import CLASSES, own_config, write_own_jets

import part
from part.errors import AssumptionWarning, PartError
from part.jets.config.labelled import count_classes, read_labelled
from part.jets.config.parsing import parse_config
from part.jets.readers import open_source
from part.jets.streaming import chunks, entry_ranges

pytestmark = pytest.mark.filterwarnings("ignore::part.jets.notices.JetWarning")

N, JET = 20, 3
ALL = {"treename": None, "selection": None, "test_time_selection": None}
INDEX = {"labels": {"type": "custom", "value": {"truth": "flavour"}}, "classes": list(CLASSES)}
TEXT = ak.Array([f"run {i}" for i in range(N)])


@pytest.fixture
def columns(tmp_path):
    path = write_own_jets(tmp_path / "jets.root", N)
    with open_source(str(path), "ntuple/jets") as source:
        found = source.read([name for name in source.branches if "/" not in name], 0, N)
    return {name: ak.Array(column) for name, column in found.items()}


def configured(kind="plain", **changes):
    return parse_config(own_config(kind, **(ALL | changes)), "own", "own.yaml")


def written(folder, columns):
    path = folder / "values.parquet"
    ak.to_parquet(ak.zip(columns, depth_limit=1), path)
    return str(path)


def changed(column, value):
    """Return a column with another value for one jet."""
    values = ak.to_list(column)
    values[JET] = value
    return ak.Array(values)


@pytest.mark.parametrize("value", [None, np.nan, np.inf, -2, 3, 0.5, 2.0**40])
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_an_index_of_no_class_is_named(value, columns, tmp_path):
    path, config = written(tmp_path, columns | {"flavour": changed(columns["flavour"], value)}), configured(**INDEX)
    with pytest.raises(PartError, match=rf"values\.parquet, entry {JET}: label flavour is .*; expected"):
        part.read_jets(path, config=config)
    with pytest.raises(PartError, match=f"entry {JET}: .*; (expected|training needs)"):
        read_labelled(path, config, len(CLASSES))


def test_an_index_of_minus_one_is_a_jet_of_no_class(columns, tmp_path):
    path = written(tmp_path, columns | {"flavour": changed(columns["flavour"], -1)})
    truth = part.read_jets(path, config=configured(**INDEX))["truth"]
    assert ak.to_numpy(truth).tolist() == [-1 if i == JET else int(columns["flavour"][i]) for i in range(N)]


def test_classes_are_not_counted_up_to_infinity(columns, tmp_path):
    path = written(tmp_path, columns | {"flavour": changed(columns["flavour"], np.inf)})
    with pytest.raises(PartError, match=f"entry {JET}: label flavour is inf"):
        count_classes(configured(**INDEX | {"classes": None}), [path])


@pytest.mark.parametrize("value", [None, np.nan])
def test_a_simple_label_is_a_number(value, columns, tmp_path):
    path = written(tmp_path, columns | {"is_b": changed(ak.values_astype(columns["is_b"], float), value)})
    with pytest.raises(PartError, match=f"entry {JET}: label is_b is not a number"):
        part.read_jets(path, config=configured())
    with pytest.raises(PartError, match=f"entry {JET}: label is_b is not a number"):
        read_labelled(path, configured(), len(CLASSES))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"labels": {"type": "custom", "value": {"truth": "cand_pt"}}},
            "label cand_pt has 2 axes; expected one number",
        ),
        ({"labels": {"type": "custom", "value": {"truth": "run"}}}, "label run holds text; expected one number"),
        ({"test_time_selection": "cand_pt > 3"}, "selection has 2 axes; expected one number for each jet"),
        ({"test_time_selection": "run"}, "selection: `run`: run: a column of text; expected numbers"),
        ({"test_time_selection": "run > 3"}, "selection: `run > 3`: run: a column of text; expected numbers"),
    ],
)
def test_what_is_no_number_of_the_jet_is_refused(changes, message, columns, tmp_path):
    path = written(tmp_path, columns | {"run": TEXT})
    with pytest.raises(PartError, match=message) as error:
        part.read_jets(path, config=configured(**changes))
    assert "\n" not in str(error.value)
    assert path in str(error.value)


@pytest.mark.parametrize("column", [TEXT, ak.Array([["a"]] * N), ak.Array([[[1.0]]] * N)])
def test_an_input_is_a_list_of_numbers(column, columns, tmp_path):
    path = written(tmp_path, columns | {"cand_dxy": column})
    with pytest.raises(PartError, match=r"values\.parquet: cand_dxy is no list of numbers; expected one value"):
        part.read_jets(path, config=configured())


def test_observers_may_be_text(columns, tmp_path):
    path = written(tmp_path, columns | {"run": changed(TEXT, None), "year": changed(columns["fj_pt"], None)})
    jets = part.read_jets(path, config=configured(observers=["run", "year"]))
    assert jets["run"].to_numpy().tolist() == ["" if i == JET else f"run {i}" for i in range(N)]
    assert np.flatnonzero(np.isnan(jets["year"].to_numpy())).tolist() == [JET]


@pytest.mark.parametrize("name", ["cand_dxy", "cand_charge"])
def test_a_missing_list_is_an_empty_one(name, columns, tmp_path):
    index = [v[0] for v in own_config()["inputs"]["pf_features"]["vars"]].index(name)
    whole = part.read_jets(written(tmp_path, columns), config=configured())
    jets = part.read_jets(written(tmp_path, columns | {name: changed(columns[name], None)}), config=configured())
    expected = ak.to_list(whole["inputs"])
    for token in expected[JET]:
        token[index] = 0
    assert ak.to_list(jets["inputs"]) == expected


def test_a_jet_without_any_list_is_left_out(columns, tmp_path):
    missing = {name: changed(columns[name], None) for name in columns if name.startswith("cand_")}
    jets = part.read_jets(written(tmp_path, columns | missing), config=configured())
    assert jets["entry"].to_list() == [i for i in range(N) if i != JET]


def test_a_missing_number_of_the_jet_is_not_a_number(columns, tmp_path):
    path = written(tmp_path, columns | {"fj_energy": changed(columns["fj_energy"], None)})
    jets = part.read_jets(path, config=configured())
    assert ak.all(jets["inputs"][JET, :, 1] == 0)  # pf_logerel


def test_a_selection_that_is_missing_keeps_no_jet(columns, tmp_path):
    path = written(tmp_path, columns | {"fj_eta": changed(columns["fj_eta"], None)})
    jets = part.read_jets(path, config=configured(test_time_selection="np.abs(fj_eta) < 20"))
    assert JET not in jets["entry"].to_list()
    assert len(jets) == N - 1


def test_momenta_of_jets_are_sums_over_particles(columns, tmp_path):
    """The tracks of a vertex are particles, and count once; what the file says of the jet comes first."""
    path = written(tmp_path, columns)
    jets = part.read_jets(path, config=configured("vertices"))
    particles = jets["part_kind"] == 0
    assert not ak.all(particles)
    total = ak.sum(jets["part_energy"][particles], axis=1)
    np.testing.assert_allclose(jets["jet_energy"].to_numpy(), total.to_numpy(), rtol=1e-6)
    jets = part.read_jets(path, config=configured("vertices", roles={"jet_energy": "fj_energy"}))
    assert jets["jet_energy"].to_list() == columns["fj_energy"].to_list()


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_automatic_standardisation_of_infinite_values_is_refused(columns, tmp_path):
    config = configured("auto")
    assert not config.is_standardised
    path = written(tmp_path, columns | {"cand_dxy": columns["cand_dxy"] * 0 - np.inf})
    with pytest.raises(PartError, match=r"values\.parquet: cand_dxy is infinite for so many constituents"):
        part.read_jets(path, config=config)


def test_automatic_standardisation_is_an_assumption(columns, tmp_path):
    with pytest.warns(AssumptionWarning, match="no parameters of its automatic standardisation"):
        part.read_jets(written(tmp_path, columns), config=configured("auto"))
    assert configured().is_standardised


def test_automatic_standardisation_keeps_the_bounds_of_a_variable(columns, tmp_path):
    inputs = own_config("auto")["inputs"]
    inputs["pf_features"]["vars"][0] = ["pf_logpt", "auto", 1, -0.25, 0.5]
    with pytest.warns(AssumptionWarning):
        jets = part.read_jets(written(tmp_path, columns), config=configured("auto", inputs=inputs))
    assert (ak.min(jets["inputs"][..., 0]), ak.max(jets["inputs"][..., 0])) == (-0.25, 0.5)


def test_automatic_standardisation_is_one_for_all_files(columns, tmp_path):
    """Of two files with other momenta both are read by the same parameters, and it is said once."""
    paths = [str(tmp_path / name) for name in ("soft.parquet", "hard.parquet")]
    for path, factor in zip(paths, (1, 100), strict=True):
        scaled = {name: columns[name] * factor for name in ("cand_pt", "cand_energy")}
        ak.to_parquet(ak.zip(columns | scaled, depth_limit=1), path)
    with pytest.warns(AssumptionWarning, match="computed from 2 files") as said:
        ranges = entry_ranges(paths, config=configured("auto"))
    soft, hard = (chunk.jets["inputs"][..., 0] for chunk in chunks(ranges))  # says nothing more
    assert [item.category for item in said] == [AssumptionWarning]
    assert ak.mean(soft) < -0.5 < 0.5 < ak.mean(hard)
    assert ranges[0].config == ranges[1].config
