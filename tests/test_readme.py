"""The README's promises: its Python runs, its commands parse, its files are there."""

import re
import shlex
from pathlib import Path

import pytest

from part.__main__ import main

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^python -m part (.+?)(?:\s+#.*)?$", TEXT, re.MULTILINE)


def test_the_library_example_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    names = {}
    exec(re.search(r"```python\n(.+?)```", TEXT, re.DOTALL)[1], names)
    assert names["probabilities"].shape == (100, 10)
    n = len(names["jets"][0]["part_px"])
    assert names["trace"].pattern.shape == (8, 8, n, n)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_exist_with_these_options(command, monkeypatch):
    words = shlex.split(command)
    module = __import__("part.__main__", fromlist=["COMMANDS"]).COMMANDS[words[0]][0]
    seen = []
    monkeypatch.setattr(f"{module}.run", seen.append)
    assert main(words) == 0
    assert seen[0].command == words[0]


def test_what_it_links_to_is_there():
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (ROOT / target).exists(), target
