"""Models and jets that fit each other: what is offered, what an upload of jets chooses, and what uploads are called."""

import io

import pytest
from helpers.app_driver import sentences, state_of, texts
from helpers.uploads import FILES, contents, upload

from app.services import files, fitting, owners, uploads


@pytest.mark.parametrize(
    ("file", "name", "missing"),
    [
        ("bare.root", "part-full", ("identity", "displacements")),
        ("bare.root", "part-fused@bf16", ("identity", "displacements")),
        ("bare.root", "part-top", ()),
        ("jetclass_like.root", "part-full", ()),
        ("jetclass_like.root", "part-qg", ("identity",)),
        ("toplandscape_like.root", "part-full", ("identity", "displacements")),
        ("quarkgluon_like.root", "part-qg", ()),
        ("garbage.root", "part-full", ()),
        ("bare.root", "no-such-model", ()),
    ],
)
def test_what_a_model_lacks_follows_from_its_card_and_the_file(file, name, missing):
    assert fitting.lacks(name, files.find(file)) == missing


def test_models_of_the_classes_that_the_labels_count_come_first():
    assert fitting.fitting_models(files.find("toplandscape_like.root"))[0] == "part-top"
    assert fitting.fitting_models(files.find("jetclass_like.root"))[0] == "part-full"
    file = files.find("toplandscape_like.root")
    assert fitting.first_choice(("part-full", "part-kin"), file) == ("part-kin",)
    assert fitting.first_choice(("part-full",), file) == ("part-top",)


def test_an_upload_of_jets_chooses_the_first_model_that_fits(visit, jets_folder):
    app = upload(visit(model="part-full"), {"mine.root": (jets_folder / "bare.root").read_bytes()})
    assert sentences(app) == []
    state = state_of(app)
    assert state.file.startswith("upload:")
    assert state.models == ("part-kin",)
    kept = upload(visit(model=["part-full", "kin"]), {"mine.root": (jets_folder / "bare.root").read_bytes()})
    assert state_of(kept).models == ("kin",)


def test_an_upload_that_is_refused_says_so_in_its_panel(visit):
    app = upload(visit(), {"large.bin": b"0123456789" * 2_500_000})
    assert sentences(app) == [
        "large.bin: unknown kind of file; expected jets in ROOT, parquet, HDF5 or npz, or the weights, the data config "
        "and the network file of a training."
    ]
    assert [error.value for error in app.sidebar.error] == [error.value for error in app.error]


def test_uploaded_models_have_the_names_of_their_files(visit, same_visitor):
    app = upload(visit(), contents(*FILES))
    app = app.button(key="open_upload").click().run()
    name = state_of(app).models[0]
    assert name not in texts(app)
    assert "net_best_epoch_state</b>" in texts(app)
    assert "net_best_epoch_state" in app.multiselect(key="choose_models").options
    other = contents(*FILES) | {"network.py": contents("network.py")["network.py"] + b"# another\n"}
    app = upload(visit(), other)
    app = app.button(key="open_upload").click().run()
    assert "net_best_epoch_state (2)</b>" in texts(app)


def test_the_name_of_an_upload_keeps_its_precision():
    given = contents(*FILES)
    kept = uploads.keep([(name, io.BytesIO(content)) for name, content in given.items()])
    assert owners.model_title(f"{kept.model}@bf16", [kept]) == "net_best_epoch_state@bf16"
    assert owners.model_title("part-full", [kept]) == "part-full"
