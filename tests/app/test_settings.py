"""What visitors of a server may do, as its operator says in one file."""

import threading

import pytest
import streamlit as st
from helpers.app_driver import no_exception, open_page, texts
from helpers.jets import COUNTS, write_jets

from app.services import benchmarks, files, jobs, runs
from app.services.settings import Settings, settings
from part.errors import PartError


@pytest.fixture
def allow(tmp_path, monkeypatch):
    """Write the settings of a server."""

    def write(text: str) -> None:
        (tmp_path / "partscope.toml").write_text(text)
        monkeypatch.setenv("PARTSCOPE_SETTINGS", str(tmp_path / "partscope.toml"))

    return write


def test_on_ones_own_machine_everything_is_allowed():
    assert settings() == Settings(True, True, True, 32)


def test_for_other_machines_nothing_is_allowed_that_the_operator_does_not_allow(monkeypatch, allow):
    monkeypatch.setattr(st, "get_option", {"server.address": "0.0.0.0"}.get)
    assert settings() == Settings(False, False, False, 4)
    allow("training = true\n")
    assert settings() == Settings(True, False, False, 4)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("trainings = true", "partscope.toml has an unknown setting trainings"),
        ("training = 1", "training is 1; expected a bool"),
        ("emails = 'a'", "emails is 'a'; expected a tuple"),
        ("training = ", "partscope.toml cannot be read"),
    ],
)
def test_a_file_that_is_misspelt_allows_nothing(allow, text, sentence):
    allow(text)
    with pytest.raises(PartError, match=sentence):
        settings()
    with pytest.raises(PartError, match=sentence):
        runs.start([], False)


def test_a_file_that_is_missing_allows_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("PARTSCOPE_SETTINGS", str(tmp_path / "absent.toml"))
    with pytest.raises(PartError, match="is not there"):
        settings()


def test_without_training_the_form_is_gone_and_nothing_starts(allow):
    allow("training = false")
    app = open_page("train")
    assert "Training is turned off on this server; its operator can allow it." in texts(app)
    assert not app.text_input
    for act in (lambda: runs.start([], False), lambda: runs.resume(None), lambda: runs.stop(None)):
        with pytest.raises(PartError, match="Training is turned off"):
            act()


def test_without_measuring_nothing_is_measured(allow):
    allow("measuring = false")
    with pytest.raises(PartError, match="Measuring is turned off"):
        benchmarks.start("speed", ["alpha"], [], files.find("toys.root"), [0])


@pytest.mark.parametrize("option", ["--config", "--start-from", "--finetune", "--distill"])
def test_without_local_paths_a_training_names_files_of_the_apps_folders_alone(allow, tmp_path, jets_folder, option):
    allow("training = true")
    outside = write_jets(tmp_path / "outside.root", COUNTS)
    write_jets(jets_folder / "others.root", COUNTS, seed=1)
    (jets_folder / "leads_out.root").unlink(missing_ok=True)
    (jets_folder / "leads_out.root").symlink_to(outside)
    own, other = str(jets_folder / "toys.root"), str(jets_folder / "others.root")
    words = ["JetClass", "PFN", "kin", "--name", "x", "--out", runs._out()]
    assert runs.check_arguments([*words, "--train", own, "--val", other]).train == (own,)
    for path in (
        str(outside),
        "/etc/passwd",
        f"{jets_folder}/../*.root",
        f"{jets_folder}/leads_out.root",
        f"{jets_folder}/leads*.root",
        "http://127.0.0.1/a.root",
    ):
        with pytest.raises(PartError, match="is not in the folders of this server"):
            runs.check_arguments([*words, "--train", path, "--val", other])
    own_words = ["PFN", *words[3:]] if option == "--config" else words
    with pytest.raises(PartError, match="is not in the folders of this server"):
        runs.check_arguments([*own_words, "--train", own, "--val", other, option, "/etc/passwd"])


def test_one_tab_runs_a_few_studies_at_a_time(allow, monkeypatch):
    allow("jobs = 2")
    tab = type("Context", (), {"session_id": "one"})
    monkeypatch.setattr(jobs, "get_script_run_ctx", lambda **_: tab)
    wait = threading.Event()
    started = [jobs.start((f"limit {i}",), "job", lambda job: wait.wait(20)) for i in range(2)]
    with pytest.raises(PartError, match="2 of your studies are running"):
        jobs.start(("limit 2",), "job", lambda job: 1)
    tab.session_id = "another"
    jobs.start(("limit 3",), "job", lambda job: 1)
    wait.set()
    for job in started:
        job.cancel()


class User(dict):
    """A visitor as Streamlit knows one."""


@pytest.mark.parametrize(
    ("user", "shown"),
    [
        ({}, "This server is for a group."),
        ({"is_logged_in": False}, "This server is for a group."),
        ({"is_logged_in": True, "email": "eve@example.org"}, "eve@example.org may not use this server."),
        ({"is_logged_in": True}, "You may not use this server."),
        ({"is_logged_in": True, "email": "ann@cern.ch", "email_verified": False}, "may not use this server."),
    ],
)
def test_a_login_stands_before_every_page(allow, monkeypatch, user, shown):
    allow('login = true\nemails = ["*@cern.ch"]')
    monkeypatch.setattr(st, "user", User(user))
    for page in ("explore", "train"):
        app = open_page(page, file="toys.root", model="alpha")
        assert shown in texts(app)
        assert not app.selectbox


def test_a_welcome_visitor_sees_the_page(allow, monkeypatch):
    allow('login = true\nemails = ["*@cern.ch"]')
    monkeypatch.setattr(st, "user", User(is_logged_in=True, email="Ann@CERN.ch"))
    app = open_page("explore", file="toys.root", model="alpha")
    assert no_exception(app).sidebar.multiselect
