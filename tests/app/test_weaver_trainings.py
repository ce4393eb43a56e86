"""Folders of trainings with weaver-core as models of the app, and what nothing says of them."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from helpers.app_driver import in_url, no_exception, open_page, sentences, state_of, texts
from helpers.own_models import write_weaver_training
from helpers.own_training import CLASSES, write_own_jets

import part
from app.services import files, models
from part.errors import PartError
from part.inference.assumptions import with_options

pytestmark = [
    pytest.mark.filterwarnings("ignore:Left out, as in weaver-core"),
    pytest.mark.filterwarnings("ignore::part.models.checkpoints.weaver_training.AssumptionWarning"),
]
FILE, RIGHT = "weaver.root", {"use_pre_activation_pair": True}
CHOSEN = "silent[use_pre_activation_pair=True]"
KEY = "assumed_0_use_pre_activation_pair"


@pytest.fixture(scope="module", autouse=True)
def trainings(models_folder) -> Path:
    write_weaver_training(models_folder / "silent")
    write_weaver_training(models_folder / "campaign" / "told", has_network=True)
    crowded = write_weaver_training(models_folder / "crowded")
    (crowded / "second.pt").write_bytes((crowded / "net_best_epoch_state.pt").read_bytes())
    (crowded / "net_best_epoch_state.pt").rename(crowded / "first.pt")
    return models_folder


@pytest.fixture(scope="module", autouse=True)
def jets(jets_folder, trainings) -> Path:
    """A file whose labels are what `silent` predicts if its weights are read in the right way."""
    path = write_own_jets(jets_folder / FILE, n=120)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tagger = part.load_model(trainings / "silent")
        jets = part.read_jets(path, config=tagger.data_config)
        predicted = with_options(tagger, RIGHT).predict(jets).argmax(1)
    truth = np.zeros(120, int)
    truth[jets["entry"].to_numpy()] = predicted
    return write_own_jets(path, n=120, **{name: (truth == i).astype(np.int32) for i, name in enumerate(CLASSES)})


def switch(app):
    return next(group for group in app.button_group if group.key == KEY)


def test_a_folder_of_a_training_is_a_model_by_its_name(visit):
    assert {"silent", "campaign/told", "crowded"} <= set(models.model_names())
    assert not [name for name in models.model_names() if "net_best" in name]
    assert sentences(visit(file=FILE, model="campaign/told")) == []
    assert any("first.pt, second.pt" in sentence for sentence in sentences(visit(file=FILE, model="crowded")))


def test_what_was_assumed_is_on_the_page_with_the_accuracies_of_both_ways(visit):
    app = visit(file=FILE, model="silent")
    assert sentences(app) == []
    assert "Assumed as published: use_pre_activation_pair = False" in texts(app)
    assumed, other = (option.split(": ") for option in switch(app).options)
    assert (assumed[0], other[0]) == ("False", "True")
    assert float(assumed[1]) < float(other[1]) == 1
    assert switch(app).value is False


def test_the_switch_reads_the_weights_in_the_other_way_and_the_link_keeps_it(visit):
    app = visit(file=FILE, model="silent")
    switch(app).set_value(True).run()
    assert state_of(no_exception(app)).models == (CHOSEN,)
    assert in_url(app, "model") == [CHOSEN]
    app = visit(file=FILE, model=CHOSEN)
    assert sentences(app) == []
    assert switch(app).value is True
    assert "use_pre_activation_pair = True" in texts(app)
    switch(app).set_value(False).run()
    assert state_of(no_exception(app)).models == ("silent",)


def test_the_panel_of_an_upload_has_the_switch_and_opens_what_was_chosen(visit, trainings, jets):
    files = [*(trainings / "silent").iterdir(), jets]
    app = visit()
    app.file_uploader(key="upload").set_value([(path.name, path.read_bytes(), "") for path in files]).run()
    [group] = [group for group in app.button_group if group.key == KEY.replace("_0_", "_upload_")]
    assert [option.split(": ")[0] for option in group.options] == ["False", "True"]
    assert group.options[1].endswith("1.00")
    group.set_value(True).run()
    app = no_exception(app.button(key="open_upload").click().run())
    assert sentences(app) == []
    assert [name.partition("[")[2] for name in state_of(app).models] == [CHOSEN.partition("[")[2]]
    assert switch(app).value is True


def test_both_ways_can_be_shown_side_by_side_and_on_other_pages(visit):
    app = visit(file=FILE, model=["silent", CHOSEN])
    assert sentences(app) == []
    assert state_of(app).models == ("silent", CHOSEN)
    app = open_page("compare", file=FILE, model=["silent", CHOSEN])
    assert sentences(app) == []
    assert "Assumed as published" in texts(app)


@pytest.mark.parametrize(
    "name", ["silent[classes=x]", "silent[use_pre_activation_pair=7]", "silent[]", "x[activation=relu]"]
)
def test_a_link_can_choose_nothing_else(name):
    assert not models.is_offered(name)


def test_what_the_training_says_itself_cannot_be_chosen(jets):
    file = files.find(FILE)
    with pytest.raises(PartError, match="says its use_pre_activation_pair itself"):
        models.load_tagger("campaign/told[use_pre_activation_pair=False]", file)
    assert models.load_tagger(CHOSEN, file).files.options == RIGHT
    assert models.split_options(f"{CHOSEN}@bf16") == ("silent@bf16", RIGHT)
    assert models.join_options("silent@bf16", RIGHT) == f"{CHOSEN}@bf16"
