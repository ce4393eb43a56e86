"""The most that a file may ask for, known before anything of it is decoded, and the reason for each number.

A small file can claim any number of jets, and a few bytes of it can stand for gigabytes. What is read of it is compared
with these limits by its own counts and headers, and refused in one sentence.
"""

import os

from part.errors import PartError

# A jet has at most some hundred constituents, a whole heavy-ion event some ten thousand.
MAX_CONSTITUENTS_OF_JET = 100_000
# The four-momenta of a jet have 16 bytes or more, and no compression makes less than a thousandth of them.
MAX_JETS_PER_BYTE = 64
# Jets are compressed to a half, arrays that are padded with zeros to a tenth or a twentieth.
MAX_EXPANSION = 100
FREE_BYTES = 2**28  # of decoded columns that any file may ask for, however small it is

MAX_CARD_BYTES = 2**20  # cards have 5 kB, with a data config and some hundred classes 50 kB
MAX_NAME = 200  # letters of a text from a file that a sentence repeats
MAX_WIDTH = 100_000  # of a layer; the widest trained taggers have some thousand channels
MAX_LAYERS = 1_000  # of each kind

# Momenta are in GeV. A particle of 100 TeV at |η| = 12 has 8e9 GeV, and beyond 1e19 GeV float32 has no squares.
MAX_MOMENTUM = 1e12
# Inputs that are not clipped are charges, flags and angles. Up to here all models give finite numbers.
MAX_INPUT = 1e6
MIN_ENERGY = 0.9  # of the momentum: detectors calibrate energies by some percent, a wrong column is off by far more


def check_jets(path: str, n_jets: int) -> None:
    """Raise PartError for a file that claims more jets than its bytes can hold; `path` is that of a local file."""
    size = _size(path)
    if size is not None and n_jets > MAX_JETS_PER_BYTE * size:
        raise PartError(
            f"{path}: claims to hold {n_jets:,} jets in {size:,} bytes; expected at most {MAX_JETS_PER_BYTE} in a byte"
        )


def check_bytes(path: str, n_bytes: float, what: str) -> None:
    """Raise PartError if the numbers of a file to be decoded at once take far more bytes than the file itself.

    Parameters
    ----------
    path : str
        The file; the size of one at a URL is not known, and only `FREE_BYTES` apply to it if it is small.
    n_bytes : float
        The decoded size by the file's own counts.
    what : str
        What is decoded, for the sentence.
    """
    if n_bytes <= FREE_BYTES:
        return
    size = _size(path)
    if size is not None and n_bytes > MAX_EXPANSION * size:
        raise PartError(
            f"{path}: {what} would take {n_bytes / 1e6:,.0f} MB, and the file has {size / 1e6:,.3f} MB; expected at "
            f"most {MAX_EXPANSION} times as many, or fewer entries at a time (start, stop)"
        )


def check_constituents(path: str, most: int, place: str) -> None:
    """Raise PartError for more constituents than a jet can have; `place` says which branch and entry has so many."""
    if most > MAX_CONSTITUENTS_OF_JET:
        raise PartError(
            f"{path}: {place}: {most:,} constituents in one jet; expected at most {MAX_CONSTITUENTS_OF_JET:,}"
        )


def shorten(text: object) -> str:
    """Return a text from a file as a sentence may repeat it."""
    shown = str(text)
    return shown if len(shown) <= MAX_NAME else f"{shown[:MAX_NAME]}…"


def _size(path: str) -> int | None:
    return os.path.getsize(path) if os.path.isfile(path) else None
