"""The inputs of the published trainings, in the terms of a weaver-core data configuration."""

from collections.abc import Sequence

from part.jets.schema import MOMENTA

LENGTH = 128
KINEMATIC = [
    ["part_pt_log", 1.7, 0.7],
    ["part_e_log", 2.0, 0.7],
    ["part_logptrel", -4.7, 0.7],
    ["part_logerel", -4.7, 0.7],
    ["part_deltaR", 0.2, 4.0],
]
SPECIES = ["isPhoton", "isElectron", "isMuon"]
IDENTITY = [[f"part_{name}", None] for name in ("charge", "isChargedHadron", "isNeutralHadron", *SPECIES)]
SHARED_IDENTITY = [[f"part_{name}", None] for name in ("charge", "isCHad", "isNHad", *SPECIES)]
DISPLACEMENT = [["part_d0", None], ["part_d0err", 0, 1, 0, 1], ["part_dz", None], ["part_dzerr", 0, 1, 0, 1]]
ANGLES = [["part_deta", None], ["part_dphi", None]]
VARIABLES = {
    "kin": KINEMATIC + ANGLES,
    "kinpid": KINEMATIC + IDENTITY + ANGLES,
    "kinpidplus": KINEMATIC + SHARED_IDENTITY + ANGLES,
    "full": KINEMATIC + IDENTITY + DISPLACEMENT + ANGLES,
}
NEW_VARIABLES = {
    "part_mask": "ak.ones_like(part_energy)",
    "part_pt": "np.hypot(part_px, part_py)",
    "part_pt_log": "np.log(part_pt)",
    "part_e_log": "np.log(part_energy)",
    "part_logptrel": "np.log(part_pt/jet_pt)",
    "part_logerel": "np.log(part_energy/jet_energy)",
    "part_deltaR": "np.hypot(part_deta, part_dphi)",
    "part_d0": "np.tanh(part_d0val)",
    "part_dz": "np.tanh(part_dzval)",
    "part_pdg": "np.abs(part_pid)",
    "part_isCHad": "1.*(part_pdg == 211) + 0.5*(part_pdg == 321) + 0.2*(part_pdg == 2212)",
    "part_isNHad": "1.*(part_pdg == 130) + 0.2*(part_pdg == 2112)",
}


def weaver_config(feature_set: str, labels: Sequence[str]) -> dict:
    """Return the options of a weaver DataConfig, which pads jets by repeating them."""

    def group(variables: list, mode: str) -> dict:
        return {"length": LENGTH, "pad_mode": mode, "vars": variables}

    return {
        "new_variables": NEW_VARIABLES,
        "inputs": {
            "features": group(VARIABLES[feature_set], "wrap"),
            "vectors": group([[name, None] for name in MOMENTA], "wrap"),
            "mask": group([["part_mask", None]], "constant"),
        },
        "labels": {"type": "simple", "value": list(labels)},
    }
