"""A training that is uploaded in pieces: what the panel says of it, and that it opens as from a folder."""

import io
import zipfile

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.app_driver import no_exception, open_page, sentences, state_of, texts
from helpers.references import saved_tolerance, shared

import part
from app.services import owners, uploads
from app.services.figures import export_figure
from app.services.files import find
from app.services.library import View
from app.services.models import load_assumed
from app.services.uploads import training_folder
from app.state import visitor
from part.jets.preprocessing import add_derived_fields

pytestmark = pytest.mark.filterwarnings("ignore::part.jets.notices.JetWarning")
FILES = ("net_best_epoch_state.pt", "data.auto.yaml", "network.py", "jets.root")


def contents(*names: str, training: str = "flavour") -> dict[str, bytes]:
    folder = shared(f"cases/weaver/{training}")
    return {name: (folder / name).read_bytes() for name in names}


def keep(files: dict[str, bytes]) -> uploads.Uploaded:
    return uploads.keep([(name, io.BytesIO(content)) for name, content in files.items()])


def upload(app, files: dict[str, bytes]):
    """Give files to the page's upload, under names that say nothing."""
    given = [(name, content, "application/octet-stream") for name, content in files.items()]
    return no_exception(app.file_uploader(key="upload").set_value(given).run())


def warnings_of(app) -> list[str]:
    return [warning.value.replace("\\", "") for warning in app.warning]


@pytest.fixture
def same_visitor(monkeypatch):
    """Make all sessions those of one browser."""
    monkeypatch.setattr(visitor, "_token", lambda cookie: bytes(16))
    yield
    owners._uploads().clear()


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


def test_uploads_of_one_name_are_told_apart():
    name = uploads.UPLOAD + "{}" * 32
    own = [uploads.Uploaded(name.format(*32 * c), "jets.root", model) for c, model in (("a", "net-1"), ("b", None))]
    titles = [owners.jets_title(upload.jets, own) for upload in own]
    assert titles == ["jets.root of net-1", "jets.root of bbbb"]
    assert owners.jets_title(f"{own[1].jets}:tree", own) == "jets.root of bbbb:tree"
    assert owners.jets_title(own[0].jets, own[:1]) == "jets.root"
    assert owners.with_titles(f"{own[0].jets} and {own[1].jets}", own) == " and ".join(titles)


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

    def test_what_was_uploaded_is_a_click_away_after_a_reload(self, visit, same_visitor):
        app = upload(visit(), contents(*FILES))
        opened = state_of(no_exception(app.button(key="open_upload").click().run()))
        app = visit()
        assert opened.models[0] in app.multiselect(key="choose_models").options
        assert "jets.root" in app.selectbox(key="choose_file").options
        assert state_of(app.button(key="recent_0").click().run()) == opened
        assert "opens only in this browser" in "".join(caption.value for caption in app.caption)

    def test_no_other_visitor_can_open_or_list_it(self, visit):
        app = upload(visit(), contents(*FILES))
        opened = state_of(no_exception(app.button(key="open_upload").click().run()))
        for page in ("explore", "compare", "performance"):
            app = open_page(page, file=opened.file, model=opened.models[0])
            sentence = sentences(app)[0]
            assert sentence.startswith(f"This view needs uploaded jets and the uploaded training {opened.models[0]}, ")
            assert "upload the files here" in sentence
            assert state_of(app).models != opened.models
            assert not state_of(app).file.startswith("upload:")
            assert opened.models[0] not in app.multiselect(key="choose_models").options
            assert "jets.root" not in app.selectbox(key="choose_file").options

    def test_a_second_sample_is_ones_own_upload_and_nobody_elses(self, visit, same_visitor, monkeypatch):
        app = upload(visit(), contents(*FILES))
        opened = state_of(no_exception(app.button(key="open_upload").click().run()))
        page = {"model": opened.models[0], "file": opened.file, "second": opened.file}
        app = open_page("compare", **page | {"file": "toys.root"})
        assert "jets.root" in app.selectbox(key="choose_other_file").options
        app = open_page("compare", model="alpha", file="toys.root", second=opened.file)
        assert not any("upload:" in sentence for sentence in sentences(app))
        monkeypatch.setattr(visitor, "_token", lambda cookie: bytes(15))
        app = open_page("compare", model="alpha", file="toys.root", second=opened.file)
        [sentence] = sentences(app)
        assert sentence.startswith("The second sample is uploaded jets, which are not here: ")
        assert not app.button(key="run").value
        assert app.button(key="run").disabled

    def test_jets_of_another_training_have_their_title_in_what_its_card_says(self, visit, same_visitor):
        opened = []
        for training, jets in (("flavour", "jets.root"), ("lepton_collider", "jets.parquet")):
            names = [name for name in FILES[:-1] if training == "flavour" or "auto" not in name]
            files = contents(*names, *(["data.yaml"] if training != "flavour" else []), jets, training=training)
            app = upload(visit(), files)
            opened.append(state_of(no_exception(app.button(key="open_upload").click().run())))
        app = open_page("explore", file=opened[0].file, model=[state.models[0] for state in opened])
        [sentence] = sentences(app)
        assert sentence.startswith("jets.root: branch ")
        assert sentence.split(" and ")[-1].endswith(" more.")

    def test_a_link_to_a_training_of_nobody_says_so(self, jets_folder):
        app = open_page("explore", model="net-0123456789ab")
        [sentence] = sentences(app)
        assert "the uploaded training net-0123456789ab, which is not here" in sentence
        assert sentence.endswith("part-full is shown instead.")

    def test_all_that_a_link_lacks_is_one_sentence(self, visit):
        [sentence] = sentences(visit(file="gone.root", model=["gone", "beta"]))
        assert sentence.startswith("This view needs the jets gone.root and the model gone, which are not here; ")
        assert sentence.endswith(" and beta are shown instead.")


class TestVisitor:
    def test_the_token_of_a_cookie_is_found_under_any_mask(self):
        token = bytes(range(16))
        for mask in (b"\0\0\0\0", b"\1\2\3\xff"):
            masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(token))
            assert visitor._token(f"2|{mask.hex()}|{masked.hex()}|1700000000") == token

    @pytest.mark.parametrize("cookie", ["", "2|00|00", "2|zz|zz|1", "1|00000000|" + 32 * "0" + "|1", "2|00000000||1"])
    def test_another_cookie_is_none(self, cookie):
        assert visitor._token(cookie) is None
