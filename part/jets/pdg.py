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
