"""Network files that would do harm, or take for ever, if they were run or followed without bounds."""

import pytest

from part.errors import PartError
from part.models.checkpoints.network.signatures import DEFAULTS, FORWARD, NETWORKS, POSITIONAL

END = """
from weaver.nn.model.ParticleTransformer import ParticleTransformer
def get_model(data_config, **kwargs):
    return ParticleTransformer(num_heads=4, **cfg)
"""


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos.system('touch {marker}')\ncfg = {{}}",
        "open('{marker}', 'w').write('x')\ncfg = {{}}",
        "cfg = dict(num_layers=__import__('pathlib').Path('{marker}').touch())",
        "cfg = eval(\"__import__('pathlib').Path('{marker}').touch()\") or {{}}",
        "exec(\"open('{marker}', 'w')\")\ncfg = {{}}",
        "cfg = {{**().__class__.__base__.__subclasses__()[0]('{marker}')}}",
        "class A:\n    def __init_subclass__(cls): open('{marker}', 'w')\nclass B(A): pass\ncfg = {{}}",
        "@open('{marker}', 'w').write\ndef f(): pass\ncfg = {{}}",
        "cfg = dict([open('{marker}', 'w') for _ in range(1)])",
        "cfg = max([1], key=lambda _: open('{marker}', 'w'))",
        "cfg = '{{0.__class__}}'.format(open('{marker}', 'w'))",
        "with open('{marker}', 'w') as cfg:\n    pass",
        "# -*- coding: rot13 -*-\nimport pathlib\npathlib.Path('{marker}').touch()\ncfg = {{}}",
    ],
)
def test_nothing_in_the_file_is_run(read, tmp_path, code):
    marker = tmp_path / "marker"
    network = read(code.format(marker=marker) + END)
    assert network.network == "ParticleTransformer"
    assert network.keywords["num_heads"] == 4
    assert not marker.exists()


@pytest.mark.parametrize(
    "code",
    [
        "cfg = dict(num_layers=9 ** 9 ** 9 ** 9)",
        "cfg = dict(num_layers=[0] * 10 ** 12)",
        "cfg = dict(num_layers='a' * 10 ** 12)",
        "cfg = dict(num_layers=1 << 10 ** 12)",
        "cfg = dict(num_layers='%10000000000d' % 1)",
        "cfg = dict(num_layers=list(range(10 ** 12)))",
        "cfg = dict(num_layers=f'{1:10000000000}')",
        "a = [1] * 9000\ncfg = dict(num_layers=[*a, *a, *a])",
        "a = [1, 1]\n" + "a = [a, a]\n" * 80 + "cfg = dict(num_layers=a)",
        "a = [1]\n" + "a += a\n" * 80 + "cfg = dict(num_layers=a)",
        "a = [1]\n" + "a.extend(a)\n" * 80 + "cfg = dict(num_layers=a)",
        "a = {}\na['x'] = a\ncfg = dict(num_layers=a)",
        "a = []\na.append(a)\ncfg = dict(num_layers=a)",
    ],
)
def test_a_value_that_grows_without_bound_stays_unknown(read, code):
    network = read(code + END)
    assert set(network.keywords) <= {"num_heads", "num_layers"}
    assert network.keywords.get("num_layers") in (None, {})
    assert any(name.startswith("num_layers") for name in network.unknown)


@pytest.mark.parametrize(
    "code",
    [
        "def f(n): return f(n)\ncfg = dict(num_layers=f(1))",
        "cfg = {}\nwhile True:\n    cfg['num_layers'] = 3",
    ],
)
def test_a_value_that_is_never_reached_stays_unknown(read, code):
    assert "num_layers" in read(code + END).unknown


@pytest.mark.parametrize(
    "code",
    [
        "def f(n): return [f(n), f(n), f(n), f(n)]\ncfg = dict(num_layers=f(1))",
        "def f():\n" + "    if x():\n        if y(): return 1\n" * 40 + "cfg = dict(num_layers=f())",
        "cfg = {}\nfor a in range(200):\n for b in range(200):\n  for c in range(200):\n   x = c",
    ],
)
def test_a_file_that_takes_too_long_to_follow_is_refused(read, code):
    with pytest.raises(PartError, match=r"network\.py, line \d+: takes too many steps to follow"):
        read(code + END)


@pytest.mark.parametrize(
    "text",
    [
        "#" * 2**20 + "\n",
        "x = " + "-" * 100_000 + "1",
        "x = " + "(" * 1000 + ")" * 1000,
        "x = a" + ".b" * 1000,
        "x = 1" + " + 1" * 100_000,
        "x = [" + "1," * 200_000 + "]",
        "if 1:\n    pass\n" + "elif 1:\n    pass\n" * 5000,
        b"\xff\xfe\x00",
        b"\x80\x04\x95",
        "x = '\\",
    ],
)
def test_a_file_that_is_too_large_too_deep_or_no_python_is_refused(read, text):
    with pytest.raises(PartError, match=r"network\.py"):
        read(text)


def test_a_text_with_an_unusual_escape_gives_no_warning(read):
    assert read("cfg = {}\npattern = '\\d'\n" + END).network == "ParticleTransformer"


def test_the_tables_of_networks_name_the_same():
    assert set(DEFAULTS["0.4"]) == set(DEFAULTS["0.5"]) == set(NETWORKS) == set(POSITIONAL) == set(FORWARD)
