"""Uploads belong to the visitor who made them: who can list and open them, and what they are called."""

import pytest
from helpers.app_driver import no_exception, open_page, sentences, state_of
from helpers.uploads import FILES, contents, upload

from app.services import owners, uploads
from app.state import visitor

pytestmark = pytest.mark.filterwarnings("ignore::part.jets.notices.JetWarning")


def test_uploads_of_one_name_are_told_apart():
    name = uploads.UPLOAD + "{}" * 32
    own = [uploads.Uploaded(name.format(*32 * c), "jets.root", model) for c, model in (("a", "net-1"), ("b", None))]
    titles = [owners.jets_title(upload.jets, own) for upload in own]
    assert titles == ["jets.root of net-1", "jets.root of bbbb"]
    assert owners.jets_title(f"{own[1].jets}:tree", own) == "jets.root of bbbb:tree"
    assert owners.jets_title(own[0].jets, own[:1]) == "jets.root"
    assert owners.with_titles(f"{own[0].jets} and {own[1].jets}", own) == " and ".join(titles)


def test_what_was_uploaded_is_a_click_away_after_a_reload(visit, same_visitor):
    app = upload(visit(), contents(*FILES))
    opened = state_of(no_exception(app.button(key="open_upload").click().run()))
    app = visit()
    assert "net_best_epoch_state" in app.multiselect(key="choose_models").options
    assert "jets.root" in app.selectbox(key="choose_file").options
    assert state_of(app.button(key="recent_0").click().run()) == opened
    assert "opens only in this browser" in "".join(caption.value for caption in app.caption)


def test_no_other_visitor_can_open_or_list_it(visit):
    app = upload(visit(), contents(*FILES))
    opened = state_of(no_exception(app.button(key="open_upload").click().run()))
    for page in ("explore", "compare", "performance"):
        app = open_page(page, file=opened.file, model=opened.models[0])
        sentence = sentences(app)[0]
        assert sentence.startswith("This view needs uploaded jets and the uploaded training net, ")
        assert "upload the files here" in sentence
        assert state_of(app).models != opened.models
        assert not state_of(app).file.startswith("upload:")
        assert "net_best_epoch_state" not in app.multiselect(key="choose_models").options
        assert "jets.root" not in app.selectbox(key="choose_file").options


def test_a_second_sample_is_ones_own_upload_and_nobody_elses(visit, same_visitor, monkeypatch):
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
    assert app.button(key="run").disabled


def test_jets_of_another_training_have_their_title_in_what_its_card_says(visit, same_visitor):
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


def test_a_link_to_a_training_of_nobody_says_so(jets_folder):
    app = open_page("explore", model="net-0123456789ab")
    [sentence] = sentences(app)
    assert "the uploaded training net, which is not here" in sentence
    assert sentence.endswith("part-full is shown instead.")


def test_all_that_a_link_lacks_is_one_sentence(visit):
    [sentence] = sentences(visit(file="gone.root", model=["gone", "beta"]))
    assert sentence.startswith("This view needs the jets gone.root and the model gone, which are not here; ")
    assert sentence.endswith(" and beta are shown instead.")


def test_the_token_of_a_cookie_is_found_under_any_mask():
    token = bytes(range(16))
    for mask in (b"\0\0\0\0", b"\1\2\3\xff"):
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(token))
        assert visitor._token(f"2|{mask.hex()}|{masked.hex()}|1700000000") == token


@pytest.mark.parametrize("cookie", ["", "2|00|00", "2|zz|zz|1", "1|00000000|" + 32 * "0" + "|1", "2|00000000||1"])
def test_another_cookie_is_none(cookie):
    assert visitor._token(cookie) is None
