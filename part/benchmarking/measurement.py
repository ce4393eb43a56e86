"""The result of a sweep: the speed and memory of one model at one point."""

from dataclasses import dataclass

from part.benchmarking.conditions import Conditions
from part.benchmarking.timing import Timing


@dataclass(frozen=True)
class SpeedMeasurement:
    """One model at one point of a sweep.

    Attributes
    ----------
    model, architecture, precision, backend : str
        Which model ran, and how.
    parameters : int
        Trainable numbers.
    disk : int
        Bytes of the file of the weights.
    batch : int
        Jets of a pass.
    n : float
        Mean number of constituents.
    longest : int
        Constituents of the longest jet, to which the others are padded.
    from_file : bool
        Whether the jets come from a file; random jets have no padding.
    reinitialised : bool
        Whether the model got fresh weights because the trained ones take fewer constituents.
    warmup, seconds : tuple of float
        Seconds of each pass in order, see `Timing`.
    memory : int
        Bytes of the weights plus the peak of the tensors of a pass.
    joules : float or None
        Energy of a pass; None if nothing counts it.
    failed : str or None
        Why nothing was measured.
    conditions : Conditions or None
        What the machine did meanwhile; None in files of earlier versions.
    """

    model: str
    architecture: str
    precision: str
    backend: str
    parameters: int
    disk: int
    batch: int
    n: float
    longest: int
    from_file: bool
    reinitialised: bool
    warmup: tuple[float, ...]
    seconds: tuple[float, ...]
    memory: int
    joules: float | None
    failed: str | None = None
    conditions: Conditions | None = None

    @property
    def timing(self) -> Timing:
        return Timing(self.warmup, self.seconds)
