"""What expressions may not do: nothing of it runs, nothing takes long, and the sentence says what and where."""

import awkward as ak
import numpy as np
import pytest
from helpers.expression_tables import random_table

from part.errors import PartError
from part.jets.expressions.evaluation import evaluate, parse

WHERE = "data.yaml: new variable stolen"
# Refused when a config is loaded, without any table.
ESCAPES = {
    "().__class__.__bases__[0].__subclasses__()": ".__subclasses__",
    "x.__class__": ".__class__",
    "x.layout.__init__.__globals__": ".__globals__",
    "''.__class__": ".__class__",
    "x._layout": "._layout",
    "(1).__reduce__": ".__reduce__",
    "np.__config__": "np.__config__",
    "np.__builtins__['eval']('1')": "np.__builtins__",
    "np._globals": "np._globals",
    "np.load('secret.npy')": "np.load",
    "np.fromfile('secret')": "np.fromfile",
    "np.memmap('secret')": "np.memmap",
    "np.loadtxt('secret')": "np.loadtxt",
    "np.genfromtxt('secret')": "np.genfromtxt",
    "np.save('stolen.npy', x)": "np.save",
    "np.lib.npyio.open('secret')": "np.lib.npyio.open",
    "np.lib.format.open_memmap('secret')": "np.lib.format.open_memmap",
    "np.f2py.compile('x')": "np.f2py.compile",
    "np.ctypeslib.load_library('libc', '.')": "np.ctypeslib.load_library",
    "np.frompyfunc(len, 1, 1)": "np.frompyfunc",
    "np.vectorize(len)(x)": "np.vectorize",
    "np.apply_along_axis(len, 0, x)": "np.apply_along_axis",
    "np.fromfunction(len, (3,))": "np.fromfunction",
    "np.random.rand(3)": "np.random.rand",
    "np.log.__call__(x)": "np.log.__call__",
    "np.log.at(x, 0)": "np.log.at",
    "np.add.accumulate(x)": "np.add.accumulate",
    "np.testing.measure('1')": "np.testing.measure",
    "np.show_config()": "np.show_config",
    "np": "`np`",
    "np.log": "`np.log`",
    "len": "`len`",
    "ak.from_parquet('secret')": "ak.from_parquet",
    "ak.from_json('secret')": "ak.from_json",
    "ak.from_feather('secret')": "ak.from_feather",
    "ak.from_iter([1])": "ak.from_iter",
    "ak.from_buffers(1, 2, 3)": "ak.from_buffers",
    "ak.to_parquet(x, 'stolen')": "ak.to_parquet",
    "ak.to_json(x, 'stolen')": "ak.to_json",
    "ak.numba.register()": "ak.numba.register",
    "ak.behavior": "ak.behavior",
    "ak.transform(len, x)": "ak.transform",
    "ak.str.upper(x)": "ak.str.upper",
    "ak.cartesian([x, x])": "ak.cartesian",
    "ak.combinations(x, 5)": "ak.combinations",
    "math.factorial(10**6)": "math.factorial",
    "math.comb(10**6, 10**5)": "math.comb",
    "__import__('os').system('touch stolen')": "__import__",
    "eval('1')": "eval",
    "exec('1')": "exec",
    "open('secret')": "open",
    "getattr(x, 'layout')": "getattr",
    "globals()": "globals",
    "type(x)": "type",
    "print(x)": "print",
    "vars()": "vars",
    "breakpoint()": "breakpoint",
    "os.system('touch stolen')": "os.system",
    "x.tolist()": "x.tolist",
    "jet_pt.tofile('stolen')": "jet_pt.tofile",
    "ak.where.__globals__": "ak.where.__globals__",
    "(lambda: 1)()": "a lambda",
    "lambda x: x": "a lambda",
    "[a for a in x]": "a comprehension",
    "{a for a in x}": "a comprehension",
    "{a: a for a in x}": "a comprehension",
    "sum(a for a in x)": "`sum`",
    "f'{x}'": "an f-string",
    "f'{x.__class__}'": "an f-string",
    "'{0.__class__}'.format(x)": "`'{0.__class__}'`",
    "'%s' % x": "'%s'",
    "'a' * 10**9": "'a'",
    "b'a' + b'b'": "b'a'",
    "x == 'float31'": "'float31'",
    "1j * x": "complex",
    "...": "ellipsis",
    "{'a': x}": "a dict",
    "{1, 2}": "a set",
    "x if b else y": "expected ak.where",
    "(y := x)": "`:=`",
    "x and y": "expected `&` or `|`",
    "x > 1 or y < 2": "expected `&` or `|`",
    "not x": "expected `~`",
    "1 < x < 2": "expected (a < b) & (b < c)",
    "label in [1, 2]": "expected np.isin",
    "label not in [1, 2]": "expected np.isin",
    "x is None": "such as `==`",
    "x is not None": "such as `==`",
    "x @ y": "`@`",
    "np.log(*[x])": "starred",
    "np.maximum(**{})": "a call with `**`",
    "[*x]": "starred",
    "await x": "`await`",
    "(yield x)": "`yield`",
    "(yield from x)": "`yield`",
    "x; y": "invalid syntax",
    "x = 1": "invalid syntax",
    "import os": "invalid syntax",
    "del x": "invalid syntax",
    "x\ny": "invalid syntax",
    "": "no expression",
    "$MASS > 3": "invalid syntax",
    "x +": "invalid syntax",
    "x\x00": "null byte",
    "\udcff": "surrogates",
    "_private": "`_private`",
    "_import('os')": "_import",
    "_knn(x, y, 3)": "neighbours",
    "_batch_permute_indices(x)": "random",
    "np.log(x, out=y)": "unexpected keyword argument 'out'",
    "np.log(x, y)": "too many positional arguments",
    "np.add(x, y, x)": "too many positional arguments",
    "np.add(x, y, where=b)": "unexpected keyword argument 'where'",
    "np.maximum(x)": "missing a required argument",
    "np.sum(x, axis=1, out=y)": "unexpected keyword argument 'out'",
    "np.array([x], dtype='O')": "'O'",
    "ak.to_numpy(x, allow_missing=True)": "allow_missing",
    "ak.num(x, highlevel=False)": "highlevel",
    "x()": "`x`",
    "np.log(x)(y)": "`np.log(x)`",
    "x[{}]": "a dict",
    "ｎｐ.load('secret')": "is not among",
    "np.ｌｏａｄ('secret')": "is not among",
    "x.＿＿class＿＿": "no expression",
    "np.sum(a for a in x)": "a comprehension",
}
# Refused when the values are known.
UNFIT = {
    "np.array(x, dtype=object)": "object is neither a branch nor a new variable",
    "x.layout": ".layout",
    "jet_pt.ctypes": ".ctypes",
    "jet_pt.base": ".base",
    "discs.T": ".T",
    "x[0]": "chooses jets",
    "x[1:]": "chooses jets",
    "jet_pt[3]": "chooses jets",
    "jet_pt[label]": "chooses jets",
    "x[is_signal]": "chooses jets",
    "np.searchsorted(jet_pt, x)": "an array where a list of numbers is expected",
    "np.isin(x, y)": "a column of lists where a list of numbers is expected",
    "np.stack([jet_pt, jet_mass])": "the result is a list",
    "np.max(np.stack([jet_pt, jet_mass]), axis=1)": "expected axis=0",
    "jet_pt[None]": "chooses jets",
    "x[:, None]": "new axis",
    "np.sum(x)": "mixes jets",
    "np.sum(jet_pt)": "mixes jets",
    "ak.max(x, axis=0)": "mixes jets",
    "ak.max(x, axis=-2)": "mixes jets",
    "ak.sort(jet_pt)": "mixes jets",
    "ak.flatten(x)": "expected one for each",
    "nothing + 1": "nothing is neither a branch nor a new variable",
    "x + v": "constituents in columns that are combined",
    "x & b": "bitwise_and",
    "[x, y]": "the result is a list",
    "None": "the result is None",
    "np.float32": "the result is a dtype",
    "'left'": "the result is a word",
    "np.stack(x)": "expected a list of columns",
    "np.stack([x, y], axis=1)": "expected numbers of the jets",
    "math.log(x)": "expected a number",
}


def check_refusal(expression: str, reason: str, error: PartError) -> None:
    message = str(error)
    assert message.startswith(f"{WHERE}: ")
    assert reason in message
    assert expression.strip("\0").split("\n")[0][:6].encode("utf8", "ignore").decode() in message
    assert "\n" not in message


@pytest.mark.parametrize("expression", ESCAPES)
def test_what_is_not_allowed_is_refused_naming_variable_expression_and_construct(expression, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PartError) as error:
        parse(expression, WHERE)
    check_refusal(expression, ESCAPES[expression], error.value)
    with pytest.raises(PartError) as error:
        evaluate(expression, random_table(0, least=1), WHERE)
    check_refusal(expression, ESCAPES[expression], error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("expression", UNFIT)
def test_what_does_not_fit_the_columns_is_refused_naming_variable_expression_and_construct(expression):
    parse(expression, WHERE)
    with pytest.raises(PartError) as error:
        evaluate(expression, random_table(0, least=1), WHERE)
    check_refusal(expression, UNFIT[expression], error.value)


def test_no_text_is_an_expression():
    for expression in (1, None, ["x"], 2.5):
        with pytest.raises(PartError, match="expected an expression as text"):
            parse(expression, WHERE)


def test_an_expression_may_go_over_several_lines_with_comments():
    table = random_table(1)
    text = "  ((jet_pt > 300) & # hard\n  (\n    label < 3 # some\n  ))\n"
    np.testing.assert_array_equal(evaluate(text, table, WHERE), (table["jet_pt"] > 300) & (table["label"] < 3))


def test_the_file_and_the_variable_of_an_inner_failure_are_kept():
    class Table(dict):
        def __missing__(self, name):
            return evaluate("np.load(1)", self, f"inner {name}")

    with pytest.raises(PartError, match=r"^inner z: `np.load\(1\)`|^inner z: `np.load`"):
        evaluate("z + 1", Table(x=np.ones(3)), "outer")


def test_columns_are_never_changed():
    table = random_table(2)
    before = {name: ak.to_list(column) for name, column in table.items()}
    for expression in (
        "x % 1",
        "np.hypot(x, y)",
        "_pad(discs, 3)",
        "ak.fill_none(x, 0)",
        "x[b]",
        "np.nan_to_num(x / u)",
    ):
        evaluate(expression, table, WHERE)
    assert before == {name: ak.to_list(column) for name, column in table.items()}
