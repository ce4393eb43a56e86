"""A model whose outputs are numbers on all pages: shown as they are, and no page takes them for classes."""

import pytest
from helpers.app_driver import canvases, open_page, run_until, sentences, texts
from helpers.own_models import MASS, write_own_model
from helpers.own_training import write_own_jets

import part
from part.inference.numbers import predict_numbers

FILE = "regressed.root"
pytestmark = pytest.mark.filterwarnings("ignore:Left out, as in weaver-core")  # the page says it


@pytest.fixture(scope="module")
def models_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models_of_numbers")


@pytest.fixture(scope="module")
def jets_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("jets_of_numbers")


@pytest.fixture(autouse=True)
def folders(monkeypatch, value, jets_folder, models_folder):
    """Offer this model and these jets alone, since those of conftest are shared."""
    monkeypatch.setenv("PARTSCOPE_DATA", str(jets_folder))
    monkeypatch.setenv("PARTSCOPE_CHECKPOINTS", str(models_folder))


@pytest.fixture(scope="module")
def value(models_folder, jets_folder) -> float:
    write_own_jets(jets_folder / FILE, n=30)
    tagger = part.load_model(write_own_model(models_folder / "regressed.safetensors", classes=1, changes=MASS))
    jets = part.read_jets(jets_folder / FILE, config=tagger.data_config)
    return float(predict_numbers(tagger, jets[jets["entry"] == 1])[0, 0])


def test_explore_shows_the_number_and_why_it_is_no_class(visit, value):
    app = visit(file=FILE, model="regressed", jet="1")
    assert sentences(app) == []
    page = texts(app)
    assert f"mass <b>{value:.4g}</b>".replace("-", "−") in page
    assert "a number of the whole jet, no class" in page
    assert 'class="bar' not in page
    assert "partscope_matrix" in canvases(app)
    assert any("not classes" in caption.value for caption in app.caption)


@pytest.mark.parametrize(
    ("page", "choices"),
    [
        ("attribution", {}),
        ("intervention", {}),
        ("circuits", {}),
        ("compare", {"model": ["regressed", "regressed@bf16"]}),
        ("sparsity", {"tab": "topk"}),
        ("bias", {"tab": "switch"}),
    ],
)
def test_pages_that_need_classes_say_so(page, choices):
    app = open_page(page, **{"file": FILE, "model": "regressed"} | choices)
    said = " ".join(sentences(app)) + texts(app)
    assert "outputs are numbers (mass), not classes" in said


@pytest.mark.parametrize("tab", ["heads", "groups", "places"])
def test_sparsity_needs_no_classes(tab):
    app = open_page("sparsity", file=FILE, model="regressed", tab=tab, studied="12")
    app = run_until(app, lambda app: not any(button.key in ("run", "cancel") for button in app.button))
    assert sentences(app) == []
    assert app.get("plotly_chart")
