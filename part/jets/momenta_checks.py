"""The checks of momenta that every model reads: they are there, finite, of a size that can be, and have an energy.

Shapes: K jets, P constituents of all jets in a row.
"""

from collections.abc import Callable

import numpy as np

from part.jets.refusals import Refusals
from part.jets.schema import MOMENTA
from part.limits import MAX_CONSTITUENTS_OF_JET, MAX_MOMENTUM, MIN_ENERGY

# float32 four-momenta of massless particles have |p| above E by a few 1e-7.
ROUNDING = 1e-4
BLOCK = 8192  # constituents that are checked together, so that their momenta stay in the processor's cache


def check_lengths(path: str, name: str, counts: np.ndarray, refusals: Refusals) -> None:
    """Check that jets have constituents, and not too many."""
    if (empty := counts == 0).any():
        refusals.refuse(
            empty,
            lambda _, entry: f"{path}: branch {name}, {entry}: a jet without constituents; expected at least one",
        )
    if (many := counts > MAX_CONSTITUENTS_OF_JET).any():
        refusals.refuse(
            many,
            lambda jet, entry: (
                f"{path}: branch {name}, {entry}: {counts[jet]:,} constituents; expected at most "
                f"{MAX_CONSTITUENTS_OF_JET:,} in a jet"
            ),
        )


def check_sizes(where: str, values: np.ndarray, offsets: np.ndarray | None, refusals: Refusals) -> None:
    """Check that momenta are finite and of a size that a momentum can have."""
    if not len(values) or (values.min() >= -MAX_MOMENTUM and values.max() <= MAX_MOMENTUM):  # neither if any is NaN
        return
    wrong = ~(np.abs(values) <= MAX_MOMENTUM)
    if offsets is None:
        refusals.refuse(wrong, lambda jet, entry: f"{where}, {entry}: {_unlike(values[jet])}")
        return

    def sentence(jet: int, entry: str) -> str:
        i = int(np.argmax(wrong[offsets[jet] : offsets[jet + 1]]))
        return f"{where}, {entry}, constituent {i}: {_unlike(values[offsets[jet] + i])}"

    refusals.refuse(_of_jets(wrong, offsets), sentence)


def _unlike(value: float) -> str:
    expected = f"a momentum of at most {MAX_MOMENTUM:g} GeV" if np.isfinite(value) else "a finite number"
    return f"{value:.6g}; expected {expected}"


def _of_jets(wrong: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return which jets (K,) have a constituent among some (P,)."""
    return np.diff(np.concatenate([[0], np.cumsum(wrong)])[offsets]) > 0


def check_momenta(path: str, flat: dict[str, np.ndarray], offsets: np.ndarray, refusals: Refusals) -> np.ndarray:
    """Check that every constituent has transverse momentum, and an energy.

    Returns how many constituents of each jet (K,) have an energy that is below the momentum, but not far below.
    """
    n_below = np.zeros(len(offsets) - 1, np.int64)
    for start in range(0, int(offsets[-1]), BLOCK):
        momenta = [flat[name][start : start + BLOCK].astype(np.float64) for name in MOMENTA]
        if not _clearly_physical(*momenta):
            n_below += _check_momenta_by_roots(path, momenta, start, offsets, refusals)
    return n_below


def _clearly_physical(px: np.ndarray, py: np.ndarray, pz: np.ndarray, energy: np.ndarray) -> bool:
    """Compare squares, which is faster than roots. False also where the squares overflow."""
    with np.errstate(over="ignore"):
        pt2 = px * px + py * py
        energy2 = energy * energy
        enough = energy2 >= (pt2 + pz * pz) * (1 - ROUNDING)
    return bool(enough.all() and pt2.all() and np.isfinite(energy2).all() and energy.min() >= 0)


def _check_momenta_by_roots(
    path: str, momenta: list[np.ndarray], start: int, offsets: np.ndarray, refusals: Refusals
) -> np.ndarray:
    px, py, pz, energy = momenta
    pt = np.hypot(px, py)
    p = np.hypot(pt, pz)
    jets = np.searchsorted(offsets, start + np.arange(len(pt)), side="right") - 1

    def refuse(wrong: np.ndarray, sentence: Callable[[int, str], str]) -> None:
        if not wrong.any():
            return

        def of_first(jet: int, entry: str) -> str:
            i = int(np.argmax(wrong & (jets == jet)))
            return sentence(i, f"{entry}, constituent {start + i - offsets[jet]}")

        of_jets = np.zeros(len(offsets) - 1, bool)
        of_jets[jets[wrong]] = True
        refusals.refuse(of_jets, of_first)

    refuse(
        pt == 0, lambda _, place: f"{path}: branches part_px, part_py, {place}: both 0; expected transverse momentum"
    )
    refuse(
        ~(energy >= p * MIN_ENERGY),
        lambda i, place: (
            f"{path}: branch part_energy, {place}: {energy[i]:.6g} GeV with a momentum of {p[i]:.6g} GeV; expected no "
            f"less than {MIN_ENERGY:g} of the momentum"
        ),
    )
    return np.bincount(jets[energy < p * (1 - ROUNDING)], minlength=len(offsets) - 1)
