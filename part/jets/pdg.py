"""The particles that reach a detector, by absolute PDG code: masses, charges and identity flags.

Masses in GeV are from the Review of Particle Physics (2024), rounded. Charges are those of the positive code, in e.
"""

MASSES = {
    22: 0.0,
    11: 0.000511,
    13: 0.105658,
    111: 0.134977,
    211: 0.139570,
    321: 0.493677,
    130: 0.497611,
    310: 0.497611,
    2212: 0.938272,
    2112: 0.939565,
    3122: 1.115683,
    3222: 1.18937,
    3112: 1.197449,
    3322: 1.31486,
    3312: 1.32171,
    3334: 1.67245,
}
CHARGES = {11: -1, 13: -1, 211: 1, 321: 1, 2212: 1, 3222: 1, 3112: -1, 3312: -1, 3334: -1}
SPECIES_FLAGS = {
    "part_isChargedHadron": tuple(code for code in CHARGES if code > 100),
    "part_isNeutralHadron": tuple(code for code in MASSES if code > 100 and code not in CHARGES),
    "part_isPhoton": (22,),
    "part_isElectron": (11,),
    "part_isMuon": (13,),
}
NEUTRINOS = (12, 14, 16)
RESONANCES = (6, 23, 24, 25, 35, 36, 37)  # top, Z, W and Higgs bosons; JetClass-II calls its resonances 25, 35 and 37
_SYMBOLS = {
    **dict(enumerate("duscbt", start=1)),
    **{11: "e", 12: "ν", 13: "μ", 14: "ν", 15: "τ", 16: "ν"},
    **{21: "g", 22: "γ", 23: "Z", 24: "W", 25: "H", 35: "H", 36: "A", 37: "H±"},
}


def symbol(pid: int) -> str:
    """Return the symbol of a parton, lepton or boson, the same for its antiparticle; the code of anything else."""
    return _SYMBOLS.get(abs(pid), str(pid))
