"""Arrows point one way: who may import whom."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Each room imports only from those before it. What is no room of its own may be imported by none of them.
ROOMS = (
    "part.version",
    "part.errors",
    "part.progress",
    "part.io",
    "part.jets",
    "part.simulate",
    "part.models",
    "part.inference",
    "part.analysis",
    "part.benchmarking",
    "part.comparison",
    "part.training",
    "part.figures",
    "part.export",
    "part.cli",
    "part.__main__",
)
# These may be imported anywhere above the given room: the package's own front door.
FRONT = {"part": "part.inference.tagger"}


def module_name(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


MODULES = {module_name(path): path for folder in ("part", "app") for path in (ROOT / folder).rglob("*.py")}
MODULES["streamlit_app"] = ROOT / "streamlit_app.py"


def imported(name: str) -> Iterator[str]:
    """Full names of what a module imports, wherever in it; of this project the modules, else the packages."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            yield from (known(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (known(f"{base}.{alias.name}") for alias in node.names)


def known(name: str) -> str:
    """The longest part of a name that is a module of the project, or the name itself."""
    parts = name.split(".")
    prefixes = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in MODULES), name)


def room(name: str) -> int | None:
    """The place of a module of `part` among the rooms."""
    name = FRONT.get(name, name)
    return next((i for i, r in enumerate(ROOMS) if name == r or name.startswith(r + ".")), None)


IMPORTS = {name: sorted(set(imported(name)) - {name}) for name in MODULES}


def test_the_walk_sees_imports():
    assert {"part.errors", "part.jets.schema", "awkward.Array"} & set(IMPORTS["part.jets.readers"])
    assert "part.inference.trace" in IMPORTS["part.inference.tagger"]
    assert "app.state.resolve" in IMPORTS["app.pages.explore.page"]


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.startswith("part.")))
def test_rooms_import_only_from_those_before_them(name):
    place = room(name)
    assert place is not None, f"{name} is in no room"
    if name in FRONT:
        return
    for other in IMPORTS[name]:
        if other.split(".")[0] == "part":
            assert room(other) is not None, f"{name} imports {other}, which is in no room"
            assert room(other) <= place, f"{name} imports {other}, a room above it"


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.startswith("part")))
def test_the_library_knows_neither_streamlit_nor_the_app(name):
    outside = {other.split(".")[0] for other in IMPORTS[name]}
    assert not outside & {"streamlit", "app", "streamlit_app"}


BACKEND = (
    "app.services.attribution",
    "app.services.models",
    "app.services.bias",
    "app.services.comparison",
    "app.services.intervention",
    "app.services.benchmarks",
    "app.services.jets",
    "app.services.sparsity",
    "app.services.studies",
    "app.services.runs",
)


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.startswith("app") and name not in BACKEND))
def test_only_the_backend_knows_the_library(name):
    heavy = {"part", "torch", "awkward", "uproot", "fastjet", "safetensors"}
    assert not {other.split(".")[0] for other in IMPORTS[name]} & heavy


# What changes a forward pass or takes its gradient needs torch; every other analysis is numpy in, numbers out.
RUN_MODELS = ("part.analysis.attribution", "part.analysis.bias", "part.analysis.intervention")


def test_torch_ends_where_numbers_begin():
    """A trace is plain numpy: whoever draws or analyses it needs no torch."""
    for name in MODULES:
        if name.startswith("part.analysis") and not name.startswith(RUN_MODELS):
            assert not {other.split(".")[0] for other in IMPORTS[name]} & {"torch", "lightning", "captum"}, name


@pytest.mark.parametrize("name", ["plan", "runs.process", "runs.progress", "runs.runs"])
def test_whoever_looks_at_runs_needs_nothing_to_train(name):
    assert not {other.split(".")[0] for other in IMPORTS[f"part.training.{name}"]} & {"torch", "lightning"}


def test_no_module_imports_itself_through_others():
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for other in IMPORTS[name]:
                # A package's front door imports what is behind it; asking for a module behind it is no cycle.
                if other in MODULES and not name.startswith(other + "."):
                    visit(other, (*path, name))
            done.add(name)

    for name in MODULES:
        visit(name, ())


def test_pages_are_thin():
    for path in (ROOT / "app" / "pages").glob("*/page.py"):
        assert len(path.read_text().splitlines()) <= 80, path
