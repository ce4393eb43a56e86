"""The documentation is true: its Python runs, its commands parse, and what it names and links to exists."""

import ast
import pkgutil
import re
import shlex
import sys
from pathlib import Path
from types import ModuleType

import matplotlib
import pytest
from helpers.app_driver import no_exception
from streamlit.testing.v1 import AppTest

from part.__main__ import COMMANDS, main
from part.analysis.registry import STUDIES
from part.models.build import MODELS

ROOT = Path(__file__).parents[1]
OUTSIDE = ("README.md", "CONTRIBUTING.md", "data_samples/README.md", "part/models/backends/native/README.md")
PAGES = [ROOT / name for name in OUTSIDE] + sorted((ROOT / "docs").rglob("*.md"))
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text() for path in PAGES}
FENCE = re.compile(r"^ *```([^\n]*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
BLOCKS = {
    page: [block for block in FENCE.findall(text) if block[0].startswith("python")] for page, text in TEXTS.items()
}
COMMAND = re.compile(r"^(?:python -m part|partscope) (.+?)(?:\s+#.*)?$", re.MULTILINE)
LINES = [
    (page, line) for page, text in TEXTS.items() for _, code in FENCE.findall(text) for line in COMMAND.findall(code)
]
TABLES = {"part/models/build.py": MODELS, "part/analysis/registry.py": STUDIES}
GENERATED = {ROOT / "docs" / "command-line.md"}  # by docs/hooks/command_line.py
JETS = 40  # the blocks run on so many jets at most


class Runner:
    """Runs the blocks of one page in turn; a block with a title is a file, or some lines of one."""

    def __init__(self, monkeypatch):
        self._monkeypatch = monkeypatch
        self.names: dict = {}

    def run(self, fence: str, code: str) -> None:
        title = re.search(r'title="(.+?)"', fence)
        code = re.sub(r"stop=(\d+)", lambda match: f"stop={min(int(match[1]), JETS)}", code)
        if title is None:
            exec(compile(code, "block", "exec"), self.names)
        elif title[1] in TABLES:
            for name, line in ast.literal_eval("{" + code + "}").items():
                self._monkeypatch.setitem(TABLES[title[1]], name, line)
        elif title[1].endswith("/page.py"):
            self._open(code)
        elif (ROOT / title[1]).exists():
            compile(code, title[1], "exec")  # some lines to be added to a file
        else:
            self._add_module(title[1].removesuffix(".py").replace("/", "."), code)

    def _add_module(self, name: str, code: str) -> None:
        self._monkeypatch.setitem(sys.modules, name, module := ModuleType(name))
        exec(compile(code, name, "exec"), module.__dict__)

    def _open(self, code: str) -> None:
        """Open a page of the app, whose study is that of the how-to about studies."""
        for fence, block in BLOCKS["docs/how-to/study.md"]:
            if "title=" in fence:
                self.run(fence, block)
        app = no_exception(AppTest.from_string(code, default_timeout=120).run())
        assert any(button.key == "run" for button in app.button)
        assert not app.error


@pytest.fixture
def runner(monkeypatch, tmp_path) -> Runner:
    (tmp_path / "data_samples").symlink_to(ROOT / "data_samples")
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    return Runner(monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page, blocks in BLOCKS.items() if blocks])
def test_all_python_of_a_page_runs(page, runner):
    for fence, code in BLOCKS[page]:
        runner.run(fence, code)


def test_the_library_example_of_the_readme_has_these_shapes(runner):
    runner.run(*BLOCKS["README.md"][0])
    names, n = runner.names, len(runner.names["jets"][0]["part_px"])
    assert names["probabilities"].shape == (JETS, 10)
    assert names["trace"].pattern.shape == (8, 8, n, n)


@pytest.mark.parametrize(("page", "line"), LINES, ids=[f"{page}: {line}"[:80] for page, line in LINES])
def test_a_command_exists_with_these_options(page, line, monkeypatch):
    words = shlex.split(line)
    parsed = []
    monkeypatch.setattr(f"{COMMANDS[words[0]][0]}.run", parsed.append)
    assert main(words) == 0
    assert parsed[0].command == words[0]


def test_what_pages_link_to_exists():
    link = re.compile(r"\]\((?!https?:)([^)#\s]+)[^)]*\)")
    targets = [(page, (ROOT / page).parent / target) for page, text in TEXTS.items() for target in link.findall(text)]
    assert targets
    missing = [(page, path.resolve()) for page, path in targets if not path.exists()]
    assert not [f"{page}: {path}" for page, path in missing if path not in GENERATED]


def test_files_that_pages_name_exist():
    path = re.compile(r"`((?:part|app|tests|docs|benchmarks|checkpoints|data_samples|notebooks|\.github)/[\w./-]+)`")
    added = {name for blocks in BLOCKS.values() for name in re.findall(r'title="(.+?)"', str(blocks))}
    named = [(page, name) for page, text in TEXTS.items() for name in path.findall(text) if "NAME" not in name]
    assert named
    assert not [f"{page}: {name}" for page, name in named if not (ROOT / name).exists() and name not in added]


def test_objects_that_pages_name_exist():
    dotted = re.compile(r"^::: (part[\w.]*)|`(part\.[a-z_.]+(?:\.\w+)?)(?:\(.*\))?`", re.MULTILINE)
    missing = []
    for page, text in TEXTS.items():
        for name in map("".join, dotted.findall(text)):
            try:
                pkgutil.resolve_name(name)
            except (ImportError, AttributeError, ValueError):
                missing.append(f"{page}: {name}")
    assert not missing
