"""What is generated for each JetClass class: the hard process and its decays (arXiv:2202.03772, table 1).

Proton-proton collisions at 13 TeV with Pythia 8's default tune; shower, hadronisation and underlying
event are on, pile-up is off.
"""

from dataclasses import dataclass

from part.errors import PartError
from part.jets.schema import JETCLASS

COMMON = (
    "Print:quiet = on",
    "Next:numberCount = 0",
    "Beams:eCM = 13000.",
    "PhaseSpace:pTHatMin = 450.",
    "25:m0 = 125.",
    "WeakZ0:gmZmode = 2",  # pure Z: no virtual photon
)
QUARKS = "1 2 3 4 5"
LEPTONS = "11 13"
NEUTRINOS = "12 14 16"


@dataclass(frozen=True)
class Process:
    """The Pythia settings of one class.

    `variants` are generated in turn: they differ in which of two W bosons decays to a lepton.
    `products` is how many matched quarks, gluons and charged leptons make the jet's label; 0 takes every jet.
    """

    label: str
    settings: tuple[str, ...]
    variants: tuple[tuple[str, ...], ...] = ((),)
    products: int = 0


def _only(particle: int, decay: str) -> tuple[str, str]:
    return (f"{particle}:onMode = off", f"{particle}:{decay}")


_Z_INVISIBLE = _only(23, f"onIfAny = {NEUTRINOS}")
_W_HADRONIC = _only(24, f"onIfAny = {QUARKS}")
_W_LEPTONIC = _only(24, f"onIfAny = {LEPTONS}")
_HIGGS = ("HiggsSM:ffbar2HZ = on", *_Z_INVISIBLE)
_TOP = ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on")
_ONE_LEPTON = (  # either the W+ or the W- decays to a lepton
    ("24:onMode = off", f"24:onPosIfAny = {QUARKS}", f"24:onNegIfAny = {LEPTONS}"),
    ("24:onMode = off", f"24:onPosIfAny = {LEPTONS}", f"24:onNegIfAny = {QUARKS}"),
)

PROCESSES = {
    "QCD": Process("QCD", ("WeakBosonAndParton:qqbar2gmZg = on", "WeakBosonAndParton:qg2gmZq = on", *_Z_INVISIBLE)),
    "Hbb": Process("Hbb", (*_HIGGS, *_only(25, "onIfMatch = 5 5")), products=2),
    "Hcc": Process("Hcc", (*_HIGGS, *_only(25, "onIfMatch = 4 4")), products=2),
    "Hgg": Process("Hgg", (*_HIGGS, *_only(25, "onIfMatch = 21 21")), products=2),
    "H4q": Process("H4q", (*_HIGGS, *_only(25, "onIfMatch = 24 24"), *_W_HADRONIC), products=4),
    "Hqql": Process("Hqql", (*_HIGGS, *_only(25, "onIfMatch = 24 24")), _ONE_LEPTON, products=3),
    "Zqq": Process("Zqq", ("WeakDoubleBoson:ffbar2gmZgmZ = on", *_only(23, f"onIfAny = {QUARKS}")), products=2),
    "Wqq": Process("Wqq", ("WeakDoubleBoson:ffbar2ZW = on", *_Z_INVISIBLE, *_W_HADRONIC), products=2),
    "Tbqq": Process("Tbqq", (*_TOP, *_W_HADRONIC), products=3),
    "Tbl": Process("Tbl", (*_TOP, *_W_LEPTONIC), products=2),
}


def parse_classes(text: str) -> tuple[str, ...]:
    """Class names from a command line: `all`, or a comma list such as `QCD,Hbb`, each once."""
    if text == "all":
        return JETCLASS.classes
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in PROCESSES:
            raise PartError(f"--classes: no class is called {name!r}; expected all or some of {', '.join(PROCESSES)}.")
    return names
