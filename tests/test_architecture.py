"""Imports between packages point one way. Each test lists all offenders at once."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]

# Each package of the library imports only from those before it. Every module belongs to one of them.
PACKAGES = (
    "part.version",
    "part.errors",
    "part.text",
    "part.limits",
    "part.lazy",
    "part.progress",
    "part.options",
    "part.io",
    "part.listing",
    "part.jets",
    "part.simulate",
    "part.models",
    "part.inference",
    "part.inspection",
    "part.analysis",
    "part.benchmarking",
    "part.comparison",
    "part.training",
    "part.figures",
    "part.export",
    "part.report",
    "part.notebook",
    "part.cli",
    "part.__main__",
)
FRONT = {"part": "part.inference.loading"}  # the package's own front door imports what it exports, on first use
# The packages inside part/models; "part.models" stands for the networks, the modules that lie directly in it.
MODEL_PACKAGES = (
    "part.models.kernels",
    "part.models",
    "part.models.numerics",
    "part.models.backends",
    "part.models.checkpoints",
)
APP_PACKAGES = ("app.services", "app.state", "app.components", "app.pages")
# Where a package may be imported; it is imported nowhere else in the library and the app.
HOMES = {
    "argparse": ("part.cli", "part.__main__"),
    "streamlit": ("app", "streamlit_app"),
    "plotly": ("part.figures", "app"),
    "matplotlib": ("part.figures",),
    "lightning": ("part.training", "part.cli"),
    "torch": (
        "part.jets",
        "part.models",
        "part.inference",
        "part.analysis.attribution",
        "part.analysis.bias",
        "part.analysis.circuits",
        "part.analysis.dictionary",
        "part.analysis.intervention",
        "part.analysis.similarity",
        "part.benchmarking",
        "part.training",
        "part.export",
        "part.cli",
        "app.services",
    ),
}
# Reading what a run has written must not load torch, which the app's process and `--help` would wait for.
WITHOUT_TORCH = (
    "part.training.config",
    "part.training.dictionary.config",
    "part.training.recipes",
    "part.training.arguments",
    "part.training.runs",
)
HEAVY = {"part", "torch", "awkward", "uproot", "fastjet", "safetensors"}  # for app.services alone
MAX_LINES, MAX_PAGE_LINES = 250, 80


def module_name(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


MODULES = {module_name(path): path for folder in ("part", "app") for path in (ROOT / folder).rglob("*.py")}
MODULES["streamlit_app"] = ROOT / "streamlit_app.py"
TREES = {name: ast.parse(path.read_text()) for name, path in MODULES.items()}


def imported(name: str) -> Iterator[str]:
    """Return the full names of a module's imports: modules of this project, packages of others."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (module_of(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (module_of(f"{base}.{alias.name}") for alias in node.names)


def module_of(name: str) -> str:
    """Return the longest prefix of a dotted name that is a module of the project, or the name itself."""
    words = name.split(".")
    prefixes = (".".join(words[:n]) for n in range(len(words), 0, -1))
    return next((prefix for prefix in prefixes if prefix in MODULES), name)


IMPORTS = {name: sorted(set(imported(name)) - {name}) for name in MODULES}
ARROWS = [(name, other) for name in sorted(MODULES) for other in IMPORTS[name]]


def is_inside(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def index_of(name: str, packages: tuple[str, ...]) -> int | None:
    """Return the index of the smallest package that holds a module."""
    holding = [package for package in packages if is_inside(FRONT.get(name, name), package)]
    return packages.index(max(holding, key=len)) if holding else None


def backward(packages: tuple[str, ...]) -> list[str]:
    """Return the imports between modules of these packages that point from an earlier package to a later one."""
    places = {name: index_of(name, packages) for name in MODULES}
    inside = [(a, b) for a, b in ARROWS if places.get(a) is not None and places.get(b) is not None and a not in FRONT]
    return [f"{a} imports {b}" for a, b in inside if places[b] > places[a]]


def assert_none(offenders: list[str]) -> None:
    assert not offenders, "\n" + "\n".join(offenders)


def test_the_walk_sees_imports():
    assert {"part.errors", "part.jets.schema"} <= set(IMPORTS["part.jets.readers"])
    assert "part.inference.trace" in IMPORTS["part.inference.tagger"]
    assert "app.state.session" in IMPORTS["app.pages.explore.page"]


def test_each_package_of_the_library_imports_only_from_those_before_it():
    homeless = [name for name in MODULES if name.startswith("part") and index_of(name, PACKAGES) is None]
    assert_none([f"{name} is in no package" for name in homeless])
    assert_none(backward(PACKAGES))
    assert_none(
        [f"{a} imports {b}" for a, b in ARROWS if is_inside(a, "part") and is_inside(b, "app", "streamlit_app")]
    )


def test_inside_the_models_kernels_come_first_and_checkpoints_last():
    assert_none(backward(MODEL_PACKAGES))
    allowed = ("part.errors", "part.models.kernels")
    kernel_imports = [(a, b) for a, b in ARROWS if is_inside(a, "part.models.kernels") and is_inside(b, "part")]
    assert_none([f"{a} imports {b}" for a, b in kernel_imports if not is_inside(b, *allowed)])


def test_packages_are_imported_only_where_they_belong():
    arrows = [(a, b.split(".")[0]) for a, b in ARROWS if b.split(".")[0] in HOMES]
    assert_none([f"{a} imports {b}" for a, b in arrows if not is_inside(a, *HOMES[b])])
    light = [name for name in MODULES if is_inside(name, *WITHOUT_TORCH)]
    assert light
    assert_none([f"{a} imports {b}" for a, b in arrows if a in light and b in ("torch", "lightning")])


def test_the_app_points_from_pages_to_components_to_state_to_services():
    assert_none(backward(APP_PACKAGES))
    knowing = [(a, b) for a, b in ARROWS if is_inside(a, "app", "streamlit_app") and b.split(".")[0] in HEAVY]
    assert_none([f"{a} imports {b}" for a, b in knowing if not is_inside(a, "app.services")])


def test_no_page_imports_another():
    pages = {name: name.split(".")[2] for name in MODULES if is_inside(name, "app.pages") and name != "app.pages"}
    between = [(a, b) for a, b in ARROWS if a in pages and b in pages]
    assert_none([f"{a} imports {b}" for a, b in between if pages[a] != pages[b]])


def test_no_module_imports_itself_through_others():
    done: set[str] = set()
    cycles: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            cycles.append(" -> ".join([*path[path.index(name) :], name]))
        elif name not in done:
            for other in IMPORTS[name]:
                # A package's front door imports what is behind it; asking for a module behind it is no cycle.
                if other in MODULES and not name.startswith(other + "."):
                    visit(other, (*path, name))
            done.add(name)

    for name in MODULES:
        visit(name, ())
    assert_none(cycles)


def test_files_are_short():
    paths = [*MODULES.values(), *(ROOT / "tests").rglob("*.py")]
    lines = {path: len(path.read_text().splitlines()) for path in paths}
    pages = ROOT / "app" / "pages"
    most = {p: MAX_PAGE_LINES if p.name == "page.py" and pages in p.parents else MAX_LINES for p in lines}
    assert_none([f"{path.relative_to(ROOT)}: {count}" for path, count in lines.items() if count > most[path]])


def test_nothing_else_is_called_part():
    """`part` is the library; a variable of that name would hide it."""
    offenders = []
    for name, tree in TREES.items():
        for node in ast.walk(tree):
            names = {
                ast.Name: lambda n: n.id if isinstance(n.ctx, ast.Store) else "",
                ast.arg: lambda n: n.arg,
                ast.Attribute: lambda n: n.attr if isinstance(n.ctx, ast.Store) else "",
            }
            if type(node) in names and names[type(node)](node) == "part":
                offenders.append(f"{MODULES[name].relative_to(ROOT)}:{node.lineno}")
    assert_none(offenders)
