"""What the training step's Python sides share: the struct of a linear layer, and how arrays are padded."""

import ctypes

from torch import Tensor

from part.models.backends.native.compile import load_library

FloatPointer = ctypes.POINTER(ctypes.c_float)


class LinearSpec(ctypes.Structure):
    """The struct `LinearSpec` of training_net.h."""

    _fields_ = [
        *((name, FloatPointer) for name in ("weight", "bias")),
        *((name, ctypes.c_int64) for name in ("inputs", "outputs", "bf16", "offset")),
    ]


def float_pointer(tensor: Tensor) -> "ctypes._Pointer[ctypes.c_float]":
    """Return a pointer to the numbers of a contiguous float32 tensor, which the caller keeps alive."""
    return ctypes.cast(tensor.data_ptr(), FloatPointer)


def padded(n: int) -> int:
    """Return the next multiple of a vector's floats."""
    lanes = load_library("gradients").lanes()
    return -(-n // lanes) * lanes


def padded_matrix(flat: Tensor, like: Tensor) -> Tensor:
    """Return the matrix that begins a flat tensor, where it is padded to whole vectors, in the shape of another."""
    rows, columns = (padded(n) for n in like.shape)
    return flat[: rows * columns].view(rows, columns)[: like.shape[0], : like.shape[1]]
