"""The physical quantities that the variables of a data config stand for, by their names.

Figures and studies use JetClass's names: `part_charge`, `part_isPhoton`, `jet_pt`, ... What a config does not have,
or has under names that say nothing, is left out; its key `roles` can name it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from part.errors import PartError
from part.jets.config.definitions import Definitions
from part.jets.schema import (
    ANGLES,
    CONSTITUENT_BRANCHES,
    JET_MOMENTUM,
    MOMENTA,
    Collection,
)

CONSTITUENT_ROLES = (*CONSTITUENT_BRANCHES, "part_pid")
# The ends of the names that variables and branches of constituents have in the experiments' files.
_ENDS = {
    "part_px": r"px",
    "part_py": r"py",
    "part_pz": r"pz",
    "part_energy": r"(energy|_e)",
    "part_deta": r"(deta|etarel|eta_?rel)",
    "part_dphi": r"(dphi|phirel|phi_?rel)",
    "part_charge": r"charge|_q",
    "part_isChargedHadron": r"is_?(charged_?had(ron)?|chhad|cHad)",
    "part_isNeutralHadron": r"is_?(neutral_?had(ron)?|nhad|neHad)",
    "part_isPhoton": r"is_?(photon|gamma)",
    "part_isElectron": r"is_?(el|ele|electron)",
    "part_isMuon": r"is_?(mu|muon)",
    "part_d0val": r"(d0val|d0|dxy|dxy_?val)",
    "part_d0err": r"(d0err|dxyerr|dxy_?error|d0_?error)",
    "part_dzval": r"(dzval|dz|dz_?val|z0)",
    "part_dzerr": r"(dzerr|dz_?error|z0err)",
    "part_pid": r"(pdg_?id|_pid)",
}
_JET_ENDS = {
    "part_px": r"px",
    "part_py": r"py",
    "part_pz": r"pz",
    "part_energy": r"(energy|_e)",
    "jet_pt": r"jet_?pt",
    "jet_eta": r"jet_?eta",
    "jet_phi": r"jet_?phi",
    "jet_energy": r"jet_?(energy|e)",
}


@dataclass(frozen=True)
class Roles:
    """Which variable stands for what.

    Attributes
    ----------
    constituents : tuple of dict
        For each collection, JetClass's name of a quantity -> the variable.
    jet : dict
        The same for quantities of the jet.
    """

    constituents: tuple[dict[str, str], ...]
    jet: dict[str, str]

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of all variables."""
        names = [name for roles in (*self.constituents, self.jet) for name in roles.values()]
        return tuple(dict.fromkeys(names))


def check_roles(stated: Mapping[str, str], where: str) -> None:
    """Raise PartError if a role is stated that does not exist; `where` is what the sentence begins with."""
    known = (*CONSTITUENT_ROLES, *JET_MOMENTUM)
    if unknown := [name for name in stated if name not in known]:
        raise PartError(f"{where}: there is no role {unknown[0]!r}; expected some of {', '.join(known)}.")


def infer_roles(
    collections: tuple[Collection, ...],
    definitions: Definitions,
    names: Iterable[str],
    stated: Mapping[str, str],
) -> Roles:
    """Return the roles of a config's variables: those that it states, then those that names imply.

    Parameters
    ----------
    collections : tuple of Collection
    definitions : Definitions
    names : iterable of str
        The variables and observers that may stand for quantities of the jet.
    stated : mapping
        Quantity -> variable, for constituents of the first collection and for the jet.
    """
    constituents = tuple(_of_collection(c, definitions, stated if i == 0 else {}) for i, c in enumerate(collections))
    for roles in (MOMENTA, ANGLES):  # of use only if all tokens have all of them
        if not all(set(roles) <= found.keys() for found in constituents):
            constituents = tuple({k: v for k, v in found.items() if k not in roles} for found in constituents)
    names = (*definitions.branches(names), *definitions.names)
    jet = {role: found for role, end in _JET_ENDS.items() if (found := _first(role, end, names))}
    return Roles(constituents, jet | {role: name for role, name in stated.items() if role in JET_MOMENTUM})


def _of_collection(collection: Collection, definitions: Definitions, stated: Mapping[str, str]) -> dict[str, str]:
    """Return role -> variable for the tokens of a collection; of all names that fit, a branch as it is comes first."""
    branches = definitions.branches(collection.variables)
    defined = [name for name in definitions.names if name.startswith(f"{collection.name}_")]
    # A name of the jet does not describe its constituents.
    of_jet = re.compile(r"(jet|fj|ak8|ak15)_?(pt|eta|phi|energy|e|mass|charge)$", re.IGNORECASE)
    names = (*branches, *collection.variables, *defined, *definitions.branches(defined))
    names = [name for name in dict.fromkeys(names) if not of_jet.match(name)]
    roles = {role: found for role, end in _ENDS.items() if (found := _first(role, end, names))}
    roles |= {role: item.name for role, item in zip(MOMENTA, _in_order(collection), strict=False)}
    raw = [name for name in MOMENTA if name in branches]
    if len(raw) == len(MOMENTA):  # the vectors may be scaled, the branches are momenta
        roles |= dict(zip(MOMENTA, raw, strict=True))
    if len(collection.points) == len(ANGLES) and {"part_deta", "part_dphi"} - roles.keys():
        eta, phi = (item.name for item in collection.points)
        if "eta" in eta.lower() and "phi" in phi.lower():
            roles |= {"part_deta": eta, "part_dphi": phi}
    return roles | {role: name for role, name in stated.items() if role in CONSTITUENT_ROLES}


def _in_order(collection: Collection) -> tuple:
    """Return the vectors as px, py, pz, E; some trainings have the energy first."""
    vectors = collection.vectors
    energy_first = vectors and re.search(r"(energy|_e)$", vectors[0].name, re.IGNORECASE)
    return (*vectors[1:], vectors[0]) if energy_first else vectors


def _first(role: str, end: str, names: Iterable[str]) -> str:
    names = list(names)
    if role in names:
        return role
    pattern = re.compile(rf"(^|[a-z0-9]_|_)?({end})$", re.IGNORECASE)
    return next((name for name in names if (match := pattern.search(name)) and _whole_word(name, match)), "")


def _whole_word(name: str, match: re.Match) -> bool:
    """Return whether the end of a name stands alone, as in `pfcand_dxy`, and not within a word, as in `tdxy`."""
    start = match.start(2)
    return start == 0 or name[start - 1] in "._" or name[start].isupper() or name[start - 1].isdigit()
