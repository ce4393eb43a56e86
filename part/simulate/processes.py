"""The hard process and the decays that are generated for each class.

Proton-proton collisions with Pythia 8's default tune. Shower, hadronisation and, except for TopLandscape, the
underlying event are on; pile-up is off. JetClass is as in arXiv:2202.03772, table 1.
"""

from dataclasses import dataclass

COMMON = (
    "Print:quiet = on",
    "Next:numberCount = 0",
    "25:m0 = 125.",
    "WeakZ0:gmZmode = 2",  # pure Z: no virtual photon
)
# Lower thresholds add hardly any jets: initial-state radiation rarely lifts softer processes into the range of jet pT.
_JETCLASS = ("Beams:eCM = 13000.", "PhaseSpace:pTHatMin = 450.")
_QUARKGLUON = ("Beams:eCM = 14000.", "PhaseSpace:pTHatMin = 425.", "PhaseSpace:pTHatMax = 900.")
_TOPLANDSCAPE = (
    "Beams:eCM = 14000.",
    "PhaseSpace:pTHatMin = 425.",
    "PhaseSpace:pTHatMax = 1000.",
    "PartonLevel:MPI = off",
)
QUARKS = "1 2 3 4 5"
LEPTONS = "11 13"
NEUTRINOS = "12 14 16"


@dataclass(frozen=True)
class Process:
    """The Pythia settings of one class.

    Attributes
    ----------
    label : str
        The short name of the class.
    settings : tuple of str
        Lines for Pythia.
    variants : tuple of tuple of str
        Further settings; the variants are generated in turn. They differ in which of two W bosons decays to a lepton.
    products : int
        How many quarks, gluons and charged leptons of one decay have to lie within a jet of the class; 0 accepts any
        jet.
    flavours : tuple of int
        The PDG codes that the outgoing parton of the hard process may have; none means any.
    collision : tuple of str
        The beams and the range of pT-hat.
    """

    label: str
    settings: tuple[str, ...]
    variants: tuple[tuple[str, ...], ...] = ((),)
    products: int = 0
    flavours: tuple[int, ...] = ()
    collision: tuple[str, ...] = _JETCLASS


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

_GLUON, _QUARK = ("WeakBosonAndParton:qqbar2gmZg = on",), ("WeakBosonAndParton:qg2gmZq = on",)

JETCLASS_PROCESSES = (
    Process("QCD", (*_GLUON, *_QUARK, *_Z_INVISIBLE)),
    Process("Hbb", (*_HIGGS, *_only(25, "onIfMatch = 5 5")), products=2),
    Process("Hcc", (*_HIGGS, *_only(25, "onIfMatch = 4 4")), products=2),
    Process("Hgg", (*_HIGGS, *_only(25, "onIfMatch = 21 21")), products=2),
    Process("H4q", (*_HIGGS, *_only(25, "onIfMatch = 24 24"), *_W_HADRONIC), products=4),
    Process("Hqql", (*_HIGGS, *_only(25, "onIfMatch = 24 24")), _ONE_LEPTON, products=3),
    Process("Zqq", ("WeakDoubleBoson:ffbar2gmZgmZ = on", *_only(23, f"onIfAny = {QUARKS}")), products=2),
    Process("Wqq", ("WeakDoubleBoson:ffbar2ZW = on", *_Z_INVISIBLE, *_W_HADRONIC), products=2),
    Process("Tbqq", (*_TOP, *_W_HADRONIC), products=3),
    Process("Tbl", (*_TOP, *_W_LEPTONIC), products=2),
)
TOPLANDSCAPE_PROCESSES = (
    Process("Top", (*_TOP, *_W_HADRONIC), products=3, collision=_TOPLANDSCAPE),
    Process("QCD", ("HardQCD:all = on",), collision=_TOPLANDSCAPE),
)
QUARKGLUON_PROCESSES = (
    Process("Q", (*_QUARK, *_Z_INVISIBLE), flavours=(1, 2, 3), collision=_QUARKGLUON),
    Process("G", (*_GLUON, *_Z_INVISIBLE), collision=_QUARKGLUON),
)
