"""The functions and constants that expressions may name. What is not in these tables does not exist for them."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from part.jets.expressions import elementwise, functions, helpers, structure

MODULES = {"np": "np", "numpy": "np", "ak": "ak", "awkward": "ak", "math": "math"}
UNARY = """
    abs absolute fabs sign sqrt cbrt square reciprocal log log2 log10 log1p exp exp2 expm1 sin cos tan arcsin arccos
    arctan sinh cosh tanh arcsinh arccosh arctanh asin acos atan asinh acosh atanh floor ceil trunc rint isnan isinf
    isfinite signbit logical_not invert bitwise_not bitwise_invert negative positive degrees radians deg2rad rad2deg
"""
BINARY = """
    add subtract multiply divide true_divide floor_divide power pow float_power mod fmod remainder maximum minimum fmax
    fmin hypot arctan2 atan2 copysign logical_and logical_or logical_xor bitwise_and bitwise_or bitwise_xor left_shift
    right_shift equal not_equal less less_equal greater greater_equal logaddexp heaviside
"""
REDUCE = "add multiply maximum minimum fmax fmin logical_and logical_or logical_xor bitwise_and bitwise_or"
OF_NUMBERS = """
    sqrt exp exp2 log log2 log10 log1p expm1 sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh hypot
    floor ceil trunc fabs copysign fmod degrees radians isnan isinf isfinite
"""
REDUCTIONS = "sum prod max min any all argmax argmin count mean count_nonzero"
DTYPES = {"bool": "bool", "int": "int64", "float": "float64", "half": "float16", "single": "float32"}
DTYPES |= {"double": "float64", "bool_": "bool", "f4": "float32", "f8": "float64", "i4": "int32", "i8": "int64"}
DTYPES |= {f"{kind}{bits}": f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)}
DTYPES |= {f"float{bits}": f"float{bits}" for bits in (16, 32, 64)}
SIDES = ("left", "right")  # with the names of dtypes the only texts in expressions
FASTER = {  # in place of numpy's own, with the same results
    "hypot": elementwise.hypot,
    "mod": elementwise.remainder,
    "remainder": elementwise.remainder,
}


def _numpy_functions() -> dict[str, Callable]:
    table: dict[str, Callable] = {}
    table |= {name: functions.unary(getattr(np, name)) for name in UNARY.split() if hasattr(np, name)}
    table |= {name: functions.binary(getattr(np, name)) for name in BINARY.split() if hasattr(np, name)}
    table |= {name: functions.binary(function) for name, function in FASTER.items()}
    table |= {f"{name}.reduce": structure.reduce_columns(getattr(np, name)) for name in REDUCE.split()}
    table |= {name: structure.reduction(name) for name in REDUCTIONS.split() if hasattr(np, name)}
    table |= {"amax": structure.reduction("max"), "amin": structure.reduction("min")}
    table |= {name: structure.spread(name) for name in ("std", "var")}
    table |= {f"{name}_like": functions.like(f"{name}_like") for name in ("ones", "zeros")}
    table |= {name: functions.filled(name) for name in ("ones", "zeros")}
    return table | {
        "full_like": functions.full_like,
        "full": functions.full,
        "array": functions.array,
        "asarray": functions.array,
        "where": functions.where,
        "clip": functions.clip,
        "round": functions.round,
        "around": functions.round,
        "nan_to_num": functions.nan_to_num,
        "isclose": functions.isclose,
        "isin": functions.isin,
        "searchsorted": functions.searchsorted,
        "digitize": functions.digitize,
        "stack": structure.stack,
        "concatenate": structure.concatenate,
        "cumsum": structure.cumsum,
        "sort": structure.sort,
        "argsort": structure.argsort,
        "ravel": structure.ravel,
    }


def _awkward_functions() -> dict[str, Callable]:
    table: dict[str, Callable] = {}
    table |= {name: structure.reduction(name) for name in REDUCTIONS.split() if name != "count_nonzero"}
    table |= {name: structure.spread(name) for name in ("std", "var")}
    table |= {f"{name}_like": functions.like(f"{name}_like") for name in ("ones", "zeros")}
    table["JaggedArray.ones_like"] = table["ones_like"]  # of awkward 0, in whose time many configs were written
    table["JaggedArray.zeros_like"] = table["zeros_like"]
    same = (structure.sort, structure.argsort, structure.num, structure.flatten, structure.ravel, structure.unflatten)
    same += (structure.singletons, structure.firsts, structure.pad_none, structure.fill_none, structure.is_none)
    same += (structure.drop_none, structure.mask, structure.local_index, structure.to_numpy, structure.concatenate)
    same += (functions.where, functions.full_like, functions.nan_to_num, functions.isclose, functions.values_astype)
    return table | {function.__name__: function for function in same}


WEAVER = {
    "_hash": helpers.hash_values,
    "_concat": helpers.concat,
    "_stack": helpers.stack_columns,
    "_pad": helpers.pad,
    "_repeat_pad": helpers.repeat_pad,
    "_clip": helpers.clip,
    "_batch_argsort": helpers.batch_argsort,
    "_batch_gather": helpers.batch_gather,
    "_p4_from_pxpypze": helpers.from_pxpypze,
    "_p4_from_ptetaphie": helpers.from_ptetaphie,
    "_p4_from_ptetaphim": helpers.from_ptetaphim,
}
BUILTINS = {
    "len": functions.length,
    "abs": functions.unary(np.absolute),
    "round": functions.round,
    "min": functions.of_numbers("min", min),
    "max": functions.of_numbers("max", max),
}
FUNCTIONS: dict[str, Callable] = (
    {f"np.{name}": function for name, function in _numpy_functions().items()}
    | {f"ak.{name}": function for name, function in _awkward_functions().items()}
    | {f"math.{name}": functions.of_numbers(f"math.{name}", getattr(math, name)) for name in OF_NUMBERS.split()}
    | WEAVER
    | BUILTINS
)
CONSTANTS: dict[str, Any] = (
    {f"np.{name}": getattr(np, name) for name in ("pi", "e", "inf", "nan", "newaxis", "euler_gamma")}
    | {f"math.{name}": getattr(math, name) for name in ("pi", "e", "tau", "inf", "nan")}
    | {f"np.{name}": np.dtype(kind) for name, kind in DTYPES.items() if hasattr(np, name)}
    | {name: np.dtype(kind) for name, kind in DTYPES.items() if name in ("bool", "int", "float")}
)
RANDOM = "is random, so that the same jets would give other inputs each time"
ABSENT = {  # functions that configs might call, and why they are not here
    "_batch_permute_indices": RANDOM,
    "_batch_permute_and_drop_indices": RANDOM,
    "_knn": "searches neighbours, which no input of a network needs before the network",
    "_batch_knn": "searches neighbours, which no input of a network needs before the network",
    "ak.cartesian": "makes pairs, of which there are too many",
    "ak.combinations": "makes pairs, of which there are too many",
}
