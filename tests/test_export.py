import csv
import io
import json
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers.jets import write_jets, write_model
from matplotlib.image import imread

import part
from part.errors import PartError
from part.export import FORMATS, MIME, bundle, file_sha256, make, origin, render, save
from part.export.reproduction import provenance_record, script
from part.figures.view import FIGURES, View

SMALL = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 2, "class_layers": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    write_jets(folder / "jets.root", [20, 9])
    write_model(folder / "toy.safetensors", **SMALL)
    return folder


@pytest.fixture(scope="module")
def tagger(folder):
    return part.load_model(folder / "toy.safetensors", device="cpu")


@pytest.fixture(scope="module")
def figure(folder, tagger):
    """A figure of jet 1 by view, from files named relative to their folder."""

    def of_view(view, jets="jets.root", name=None):
        source = origin(tagger, "toy.safetensors", jets, 1, view, file_sha256(folder / "jets.root"), name)
        return make(tagger, jet(folder), source)

    return of_view


def jet(folder: Path):
    return part.read_jets(folder / "jets.root", 1, 2)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def arrays(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return dict(file)


def test_npz_holds_the_trace_with_names_of_axes_and_units(figure, tagger, folder):
    export = figure(View("matrix", layer=1, head=2, order="subjet"))
    file = arrays(render(export, "npz"))
    trace = export.data.jet_view.trace
    np.testing.assert_allclose(trace.pattern, tagger.trace(jet(folder)).jet(0).pattern, atol=1e-5)
    order = file["order"]
    np.testing.assert_array_equal(file["values"], trace.pattern[1, 2][np.ix_(order, order)])
    record = json.loads(file["description"].item())
    assert set(record) == set(file) - {"description"}
    for name, words in record.items():
        assert len(words["axes"]) == file[name].ndim
        assert tuple(words["shape"]) == file[name].shape
    assert record["values"]["axes"] == ["query", "key"]
    assert record["constituent_pt"]["unit"] == "GeV"
    assert record["constituent_d0"]["unit"] == "mm"


@pytest.mark.parametrize("figure_name", ["matrix", "mosaic", "class"])
def test_csv_gives_back_every_value(figure, figure_name):
    export = figure(View(figure_name, layer=1, head=2, order="subjet"))
    table, trace = rows(render(export, "csv")), export.data.jet_view.trace
    sources = {"matrix": trace.pattern[1:2, 2:3], "mosaic": trace.pattern, "class": trace.class_pattern}
    source = sources[figure_name]
    assert len(table) == source.size
    restored = np.full(source.shape, np.nan, np.float32)
    for row in table:
        head = int(row.get("head", 1)) - 1
        if figure_name == "class":
            place = (int(row["class_layer"]) - 1, head, int(row["constituent"]))
        else:
            place = (int(row.get("layer", 1)) - 1, head, int(row["query"]) - 1, int(row["key"]) - 1)
        restored[place] = np.float32(row["attention"])
    np.testing.assert_array_equal(restored, source)


def test_csv_of_edges_and_classes(figure):
    export = figure(View("display", quantity="bias", edges=5))
    table = rows(render(export, "csv"))
    assert [float(row["interaction_bias"]) for row in table] == pytest.approx(export.data.weight.tolist())
    particles = export.data.jet_view.constituents
    for row in table:
        i, j = int(row["query"]) - 1, int(row["key"]) - 1
        assert float(row["query_pt [GeV]"]) == pytest.approx(particles.pt[i])
        assert float(row["delta_r [rad]"]) == pytest.approx(particles.pair_delta_r[i, j])
    classes = rows(render(figure(View("prediction")), "csv"))
    assert [row["class"] for row in classes if row["is_truth"] == "1"] == ["H→bb"]
    assert sum(float(row["probability"]) for row in classes) == pytest.approx(1)


def test_json_holds_the_provenance(figure, folder):
    view = View("matrix", "bias", layer=1)
    record = json.loads(render(figure(view), "json"))
    assert record["model"]["sha256"] == file_sha256(folder / "toy.safetensors")
    assert record["jets"] == {"file": "jets.root", "sha256": file_sha256(folder / "jets.root"), "entry": 1}
    assert View.from_dict(record["view"]) == view
    assert set(record["versions"]) >= {"part", "python", "torch", "numpy", "plotly", "matplotlib"}
    assert record["arrays"]["values"]["shape"] == [9, 9]


@pytest.mark.parametrize("figure_name", FIGURES)
def test_html_needs_no_network(figure, figure_name):
    page = render(figure(View(figure_name)), "html").decode()
    outside_of_scripts = re.sub(r"<script[^>]*>.*?</script>", "<script></script>", page, flags=re.DOTALL)
    assert "http:" not in outside_of_scripts
    assert "https:" not in outside_of_scripts
    assert not re.search(r"<script[^>]+src=", page)
    assert not re.search(r"<(link|iframe|img)\b", outside_of_scripts)
    assert "default-src 'none'" in page


def test_names_cannot_inject_code(figure):
    evil = '</title><script>alert(1)</script>"""\nimport os\n'
    export = figure(View("prediction"), jets=evil, name=evil)
    assert "<script>alert" not in render(export, "html").decode()
    code = script(export)
    carriers = [line.split(" = ")[0] for line in code.splitlines() if "alert(1)" in line]
    assert carriers == ["JETS", "NAME"]  # as the strings they are
    assert "import os" not in code.splitlines()
    compile(code, "reproduce.py", "exec")
    assert re.fullmatch(r"[\w.-]+", export.stem)


@pytest.mark.slow
def test_drawings_have_their_format_and_metadata(figure):
    export = figure(View("display"))
    assert render(export, "pdf").startswith(b"%PDF")
    assert ElementTree.fromstring(render(export, "svg")).tag.endswith("svg")
    assert imread(io.BytesIO(render(export, "png")), format="png").shape[1] == 1020  # 3.4 inches, 300 dpi
    assert f"sha256 {export.provenance.model_sha256}".encode() in render(export, "png")


@pytest.mark.slow
def test_a_bundle_holds_everything_once(figure):
    export = figure(View("matrix", layer=1, head=2))
    with zipfile.ZipFile(io.BytesIO(bundle(export))) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        npz = archive.read(f"{export.stem}/{export.stem}.npz")
    assert export.stem == "toy_entry1_matrix_L2H3_pattern"
    expected = [f"{export.stem}/{export.stem}.{kind}" for kind in FORMATS]
    assert sorted(names) == sorted([*expected, f"{export.stem}/{export.stem}_constituents.csv"])
    np.testing.assert_array_equal(arrays(npz)["values"], export.data.values)
    assert set(MIME) == {*FORMATS, "zip"}


def test_nothing_is_overwritten_without_force(figure, tmp_path):
    export = figure(View("prediction"))
    (path,) = save(export, tmp_path / "new", ["json"])
    path.write_text("precious")
    with pytest.raises(PartError, match=r"prediction\.json exists; force"):
        save(export, tmp_path / "new", ["csv", "json"])
    assert path.read_text() == "precious"
    assert list(path.parent.iterdir()) == [path]  # not half of it either
    save(export, tmp_path / "new", ["json"], force=True)
    assert json.loads(path.read_text())["figure"] == export.stem


def test_an_unknown_format_is_refused(figure):
    with pytest.raises(PartError, match="no format 'gif'; expected some of png"):
        render(figure(View("prediction")), "gif")


def test_remote_files_have_no_checksum():
    assert file_sha256("https://example.org/jets.root") is None
    with pytest.raises(PartError, match="No such file"):
        file_sha256("nowhere.root")


def test_limits_shared_between_models_are_kept(figure, tagger, folder):
    export = figure(View("matrix", "bias"))
    shared = make(tagger, jet(folder), export.provenance, limits=(-50.0, 50.0))
    assert provenance_record(shared)["limits"] == [-50.0, 50.0]
    assert "LIMITS = (-50.0, 50.0)" in script(shared)
