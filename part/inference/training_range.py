"""The jets that the models of the benchmarks were trained on, and whether another jet is like them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class JetRange:
    """The selection of a benchmark's jets: from `low` to `high` in pT [GeV], and |η| up to `eta`."""

    low: float
    high: float
    eta: float


# As published: arXiv:2202.03772, arXiv:1902.09914 and arXiv:1810.05165 (which limits |y|, at 1.7).
RANGES = {
    "JetClass": JetRange(500, 1000, 2.0),
    "TopLandscape": JetRange(550, 650, 2.0),
    "QuarkGluon": JetRange(500, 550, 1.7),
}
TOLERANCE = 0.02  # for momenta that are summed again, and for η in the place of a rapidity


def outside_training(dataset: str, pt: float, eta: float) -> str | None:
    """Return in which way a jet is unlike those of a benchmark, or None.

    Parameters
    ----------
    dataset : str
        The name of the model's dataset; of others than the benchmarks the training's jets are not known.
    pt, eta : float
        The jet's transverse momentum in GeV, and its pseudorapidity; NaN where they are not known.
    """
    known = RANGES.get(dataset)
    if known is None:
        return None
    ways = []
    if pt < known.low * (1 - TOLERANCE) or pt > known.high * (1 + TOLERANCE):
        ways.append(f"pT {pt:.0f} GeV, the training has {known.low:.0f} to {known.high:.0f}")
    if abs(eta) > known.eta * (1 + TOLERANCE):
        ways.append(f"|η| {abs(eta):.1f}, the training has up to {known.eta:.1f}")
    return "; ".join(ways) or None
