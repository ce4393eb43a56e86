"""Finding classes and making groups of them, on the pages where a class is chosen."""

import json

import numpy as np
import pytest
from helpers.app_driver import in_url, open_page, run_until, sentences, state_of, texts
from helpers.jets import COUNTS, write_jets, write_model
from helpers.own_models import INDEX_OF_MANY, MANY, write_own_model
from helpers.own_training import write_own_jets

import part
from app.pages.compare.state import CompareState
from app.services.classes import class_titles, find_group, group_texts, new_group, without_shared
from app.services.library import PartError
from part.jets.schema import Dataset

FILE = "named.root"
NAMES = [f"label_{'QCD' if i % 4 else 'X'}_{i}" for i in range(MANY)]
LABELS = {"type": "hybrid", "value_cls_index": "flavour * 60 + 7", "value_cls_names": NAMES, "value_custom": {}}
pytestmark = pytest.mark.filterwarnings("ignore:Left out, as in weaver-core")  # the page says it
ON_JETS = {"file": FILE, "model": "named", "jet": "1"}


@pytest.fixture(scope="module")
def models_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models_of_many_classes")


@pytest.fixture(scope="module")
def jets_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("jets_of_many_classes")


@pytest.fixture(autouse=True)
def folders(monkeypatch, tagger, jets_folder, models_folder):
    """Offer these models and jets alone, since those of conftest are shared."""
    monkeypatch.setenv("PARTSCOPE_DATA", str(jets_folder))
    monkeypatch.setenv("PARTSCOPE_CHECKPOINTS", str(models_folder))


@pytest.fixture(scope="module")
def tagger(models_folder, jets_folder):
    write_jets(jets_folder / "toys.root", COUNTS)
    write_model(models_folder / "alpha.safetensors", embed=(32,), pair_embed=(8,), layers=3, heads=4)
    write_own_jets(jets_folder / FILE, n=60)
    write_own_model(models_folder / "index.safetensors", classes=MANY, changes=INDEX_OF_MANY)
    for seed, name in enumerate(("named", "named_too")):
        write_own_model(models_folder / f"{name}.safetensors", classes=MANY, seed=seed, changes={"labels": LABELS})
    return part.load_model(models_folder / "named.safetensors")


@pytest.fixture(scope="module")
def probabilities(tagger, jets_folder) -> np.ndarray:
    jets = part.read_jets(jets_folder / FILE, config=tagger.data_config)
    return tagger.predict(jets[jets["entry"] == 1])[0]


def bar_of(app, name: str) -> float:
    bar = texts(app).split(f"<span>{name}")[1]
    return float(bar.split("<em>")[1].split("</em>")[0])


def test_groups_of_common_beginnings_have_bars_with_summed_probabilities(visit, probabilities):
    app = visit(**ON_JETS)
    assert sentences(app) == []
    is_x = np.array([name.startswith("label_X_") for name in NAMES])
    assert bar_of(app, "Σ X_*") == pytest.approx(probabilities[is_x].sum(), abs=6e-4)
    assert bar_of(app, "Σ QCD_*") == pytest.approx(probabilities[~is_x].sum(), abs=6e-4)
    assert "Σ" not in texts(visit(**ON_JETS | {"model": "index"}))


def test_a_class_beyond_the_strongest_is_found_and_kept_in_the_url(visit, probabilities):
    app = visit(**ON_JETS)
    weakest = int(probabilities.argmin())
    name = NAMES[weakest].removeprefix("label_")
    assert f"<span>{name}<" not in texts(app)
    app.multiselect(key="choose_shown_classes").set_value([name]).run()
    assert bar_of(app, name) == pytest.approx(probabilities[weakest], abs=6e-4)
    assert in_url(app, "shown") == [name]


def test_few_classes_are_all_shown_and_need_no_search(visit):
    labels = [widget.label for widget in visit().multiselect]
    assert "Always show" not in labels


def test_a_group_is_made_on_the_page_and_removed_again(visit, probabilities):
    app = visit(**ON_JETS)
    app.text_input(key="group_name").set_value("mine").run()
    app.multiselect(key="group_members").set_value(["X_0", "QCD_1", "X_4"]).run()
    app.button(key="add_group").click().run()
    assert state_of(app).groups == ("mine=X_0,QCD_1,X_4",)
    assert in_url(app, "group") == ["mine=X_0,QCD_1,X_4"]
    assert bar_of(app, "Σ mine") == pytest.approx(probabilities[[0, 1, 4]].sum(), abs=6e-4)
    app.button(key="remove_mine=X_0,QCD_1,X_4").click().run()
    assert state_of(app).groups == ()
    assert "Σ mine" not in texts(app)


@pytest.mark.parametrize(
    ("name", "members", "sentence"),
    [("", ["X_0", "X_4"], "needs a name"), ("X_0", ["QCD_1", "X_4"], "is a class X_0"), ("one", ["X_0"], "two")],
)
def test_what_is_no_group_is_refused_in_a_sentence(visit, name, members, sentence):
    app = visit(**ON_JETS)
    app.text_input(key="group_name").set_value(name).run()
    app.multiselect(key="group_members").set_value(members).run()
    app.button(key="add_group").click().run()
    assert state_of(app).groups == ()
    assert any(sentence in caption.value for caption in app.caption)


def test_a_group_is_explained_against_another(visit):
    app = open_page("attribution", **ON_JETS, explained="QCD_*", versus="X_*")
    assert sentences(app) == []
    assert "QCD_* against X_*" in texts(app)
    assert "X_* (47 classes)" in app.selectbox(key="choose_contrast_class").options
    shared = open_page("attribution", **ON_JETS, explained="QCD_*", versus="QCD_1")
    assert "QCD_* against the rest" in texts(shared)
    app.button(key="run").click().run()
    assert sentences(run_until(app, lambda app: not any(b.key in ("run", "cancel") for b in app.button))) == []


@pytest.mark.parametrize("tab", ["ablate", "patch", "edit", "lens"])
def test_a_group_is_looked_at_when_a_jet_is_intervened_on(tab):
    group, jet = "mine=X_0,QCD_1", ON_JETS
    if tab == "edit":  # jets that a data config prepared cannot be edited
        group, jet = "mine=Hbb,Zqq", {"file": "toys.root", "model": "alpha", "jet": "1"}
    app = open_page("intervention", **jet, tab=tab, explained=group, group=group)
    assert sentences(app) == []
    assert app.selectbox(key="choose_target_class").value == group
    charts = "".join(json.dumps(json.loads(chart.proto.spec)) for chart in app.get("plotly_chart"))
    assert "mine" in charts + texts(app)


def test_groups_are_classes_and_background_of_a_comparison(tagger):
    choices = {"as_one": ["X_*"], "background": "QCD_*"}
    app = open_page("compare", file=FILE, model=["named", "named_too"], jets="40", section="confusion", **choices)
    assert sentences(app) == []
    run_until(app, lambda app: any("Export" in block.proto.popover.label for block in popovers(app)))
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert figure["layout"]["yaxis"]["ticktext"] == ["X_*", "QCD_*"]
    clash = open_page("compare", file=FILE, model=["named", "named_too"], as_one=["X_*", "mine=X_0,QCD_1"])
    assert "share the class X_0" in sentences(clash)[0]
    assert state_of(app, CompareState).background == "QCD_*"


def popovers(app) -> list:
    return [block for block in app.main.children.values() for block in _blocks(block) if block.type == "popover"]


def _blocks(block) -> list:
    inner = getattr(block, "children", {})
    return [block, *(one for child in inner.values() for one in _blocks(child))]


def test_a_thousand_classes_can_be_chosen_from_a_list():
    names = tuple(f"class {i}" for i in range(1000))
    dataset = Dataset("wide", names, names)
    titles = class_titles(dataset, ["mine=class 3,class 7"], ["class 1*", "nothing"])
    assert len(titles) == 1 + 1000 + 1
    assert titles["class 1*"] == "class 1* (111 classes)"
    apart = without_shared(dataset, titles, "mine=class 3,class 7")
    assert set(titles) - set(apart) == {"mine=class 3,class 7", "class 3", "class 7"}
    assert find_group(dataset, "") is None
    assert list(group_texts(dataset, ["gone=other,class 2"])) == []


def test_a_new_group_is_read_back():
    names = ("a", "b", "c, d", "e")
    dataset = Dataset("own", names, names)
    text = new_group(dataset, " mine ", ["a", "c, d"])
    group = find_group(dataset, text)
    assert group is not None
    assert (group.name, group.members) == ("mine", (0, 2))
    for name in ("", "a=b", "a*", "b"):
        with pytest.raises(PartError):
            new_group(dataset, name, ["a", "c, d"])
