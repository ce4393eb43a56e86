"""A training that is uploaded in pieces: what the panel says of it, and that it opens as from a folder."""

import io
import zipfile

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.app_driver import no_exception, open_page, sentences, state_of, texts
from helpers.references import saved_tolerance, shared
from helpers.uploads import FILES, contents, upload

import part
from app.services import uploads
from app.services.figures import export_figure
from app.services.files import find
from app.services.library import View
from app.services.models import load_assumed
from app.services.uploads import training_folder
from part.jets.preprocessing import add_derived_fields

pytestmark = pytest.mark.filterwarnings("ignore::part.jets.notices.JetWarning")


def keep(files: dict[str, bytes]) -> uploads.Uploaded:
    return uploads.keep([(name, io.BytesIO(content)) for name, content in files.items()])


def warnings_of(app) -> list[str]:
    return [warning.value.replace("\\", "") for warning in app.warning]


class TestKeep:
    def test_the_content_decides_what_each_file_is(self):
        files = dict(zip("abcd", contents(*FILES).values(), strict=True))
        uploaded = keep(files)
        folder = training_folder(uploaded.model)
        assert {path.suffix for path in folder.iterdir()} == {".pt", ".yaml", ".py"}
        tagger = part.load_model(folder)
        jets = part.read_jets(shared("cases/weaver/flavour") / "jets.root", config=tagger.data_config)
        expected = np.load(shared("cases/weaver/flavour") / "expected.npz")["probabilities"]
        np.testing.assert_allclose(tagger.predict(jets), expected, atol=saved_tolerance(1e-5, 0.1))
        assert (uploaded.jets_title, uploaded.jets.startswith(uploads.UPLOAD)) == ("d", True)

    def test_no_place_on_the_server_is_shown(self):
        shown = str(keep(contents(*FILES)).page)
        assert str(uploads._holder().name) not in shown
        assert "net_best_epoch_state.pt" in shown
        assert "jets.root" in shown

    def test_a_name_never_becomes_a_path(self):
        files = contents("net_best_epoch_state.pt", "network.py")
        climbing = dict(zip(("../../net.pt", "/etc/network.py"), files.values(), strict=True))
        folder = training_folder(keep(climbing).model)
        assert {path.name for path in folder.iterdir()} == {"net.pt", "network.py"}

    @pytest.mark.parametrize("name", ["", "..", "../files", "net-0123456789ab", "net-0123456789ab/../.."])
    def test_no_other_folder_is_a_training(self, name):
        assert training_folder(name) is None

    def test_a_file_of_no_use_stops_no_other(self):
        files = {"notes.txt": b"no jets", "a.npz": npz(1), "b.npz": npz(2)}
        uploaded = keep(files | contents("net_best_epoch_state.pt", "network.py"))
        assert uploaded.jets_title == "b.npz"
        assert uploaded.model is not None
        assert ["notes.txt: unknown kind of file" in uploaded.problems[0], "a.npz" in uploaded.problems[1]] == [
            True
        ] * 2

    def test_an_empty_file_is_said_to_be_empty(self):
        assert keep({"net.pt": b"", "jets.root": b""}).problems == ("net.pt is empty.", "jets.root is empty.")

    @pytest.mark.parametrize(
        ("name", "content", "expected"),
        [
            ("data.yaml", b"inputs:\n  bad: [1\n", "expected a data config in YAML"),
            ("network.py", b"def get_model(:\n", "expected a network file in Python"),
        ],
    )
    def test_a_damaged_text_is_what_its_name_says(self, name, content, expected):
        assert expected in str(keep({name: content}).page)

    def test_of_two_files_of_one_name_the_last_is_taken_and_it_is_said(self):
        first, second = (contents("network.py", training=name)["network.py"] for name in ("flavour", "two_streams"))
        given = [("a/network.py", io.BytesIO(first)), ("b/network.py", io.BytesIO(second))]
        uploaded = uploads.keep(given)
        assert "two files b/network.py" in uploaded.problems[0]
        assert "ParticleTransformerTagger" in str(uploaded.page)
        assert uploads.keep([(name, io.BytesIO(first)) for name, _ in given]).problems == ()

    def test_the_state_of_an_optimizer_is_no_training(self):
        file = io.BytesIO()
        parameter = torch.nn.Parameter(torch.zeros(1))
        torch.save(torch.optim.Adam([parameter]).state_dict(), file)
        uploaded = keep({"net_best_epoch_optimizer.pt": file.getvalue()} | contents("network.py"))
        assert uploaded.model is None
        assert "which holds no network" in str(uploaded.page)

    def test_the_oldest_trainings_are_deleted(self):
        network = contents("network.py")["network.py"]
        weights = contents("net_best_epoch_state.pt")
        names = [keep(weights | {"network.py": network + b"\n" * i}).model for i in range(uploads.MAX_UPLOADS + 2)]
        assert training_folder(names[0]) is None
        assert training_folder(names[-1]) is not None


def npz(value: float) -> bytes:
    file = io.BytesIO()
    np.savez(file, value=np.array([value]))
    return file.getvalue()


class TestPage:
    def test_a_training_opens_on_the_jets_that_came_with_it(self, visit):
        app = upload(visit(), contents(*FILES))
        assert sentences(app) == []
        assert "a state dict of weaver-core 0.5" in texts(app)
        app = no_exception(app.button(key="open_upload").click().run())
        state = state_of(app)
        assert sentences(app) == []
        assert state.models[0].startswith("net-")
        assert state.file.startswith("upload:")
        assert "jets.root" in app.selectbox(key="choose_file").options

    def test_an_exported_figure_names_no_place_on_the_server(self):
        uploaded = keep(contents(*FILES))
        file = find(uploaded.jets)
        model = load_assumed(uploaded.model, file)
        exported = export_figure(
            file, uploaded.jets_title, 0, model, uploaded.model, View("matrix", quantity="pattern"), None, "zip"
        )
        with zipfile.ZipFile(io.BytesIO(exported)) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())
        assert b"data.auto.yaml" in content
        assert str(uploads._holder().name).encode() not in content

    def test_what_is_missing_is_said_and_nothing_changes(self, visit):
        app = visit()
        before = state_of(app)
        app = upload(app, contents("data.auto.yaml", "network.py"))
        assert any("weights are missing" in warning.value for warning in app.warning)
        app = upload(app, contents("net_best_epoch_state.pt", "data.auto.yaml"))
        assert any("give its network file" in sentence for sentence in warnings_of(app))
        assert not any("--network" in sentence or "/" in sentence for sentence in warnings_of(app))
        assert not [button for button in app.button if button.key == "open_upload"]
        assert state_of(app) == before

    def test_jets_of_another_training_are_named_before_it_opens(self, visit):
        own = contents(*FILES[:-1])
        app = upload(visit(), own | contents("jets.parquet", training="lepton_collider"))
        assert [sentence.split(" is missing")[0] for sentence in warnings_of(app)] == [
            "jets.parquet: branch jet_pfcand_pt"
        ]
        assert not [button for button in app.button if button.key == "open_upload"]

    def test_a_file_without_jets_is_refused(self, visit, tmp_path):
        ak.to_parquet(part.read_jets(shared("real_jets/jetclass2_50.parquet"))[:0], tmp_path / "none.parquet")
        app = upload(visit(), {"none.parquet": (tmp_path / "none.parquet").read_bytes()})
        assert sentences(app) == ["none.parquet holds no jets; expected at least one."]

    def test_a_jet_unlike_those_of_the_training_is_marked(self, visit, same_visitor):
        jets = shared("real_jets/jetclass2_50.parquet")
        pt = add_derived_fields(part.read_jets(jets))["jet_pt"].to_numpy()
        app = visit()
        app.file_uploader(key="upload").set_value([("jets.parquet", jets.read_bytes(), "")]).run()
        for entry, is_marked in ((int(pt.argmin()), True), (int(np.flatnonzero((pt > 500) & (pt < 1000))[0]), False)):
            app = open_page("explore", file=state_of(app).file, model=state_of(app).models[0], jet=str(entry))
            assert sentences(app) == []
            assert ("GeV, the training has 500 to 1000" in texts(app)) == is_marked
