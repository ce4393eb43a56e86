"""The kinds of features that a pair embedding takes, by name. They are weaver-core's; this module needs no torch."""

# The features of a pair of tokens in the order in which a network takes the first of them.
NAMES = {
    "pp": ("lnkT", "lnz", "lnΔ", "lnm²", "ln(-Δp²)", "cosθ*", "Δy", "Δφ"),
    "ee": ("lnm²", "cosθ", "sinθ", "lnkT", "lnz", "lnJADE"),
    "xyzt": ("ln d²", "cosθ", "sinθ", "asinh Δt"),
}
COORDINATES = {
    "rectangular": ("Δx", "Δy", "Δz"),
    "spherical": ("asinh Δr", "Δθ", "Δφ"),
    "cylindrical": ("asinh Δρ", "Δφ", "asinh Δz"),
}
PAIR_FEATURES = NAMES["pp"][:4]  # those of the published ParT (arXiv:2202.03772, eq. 3)
COUNTS = {"pp": (1, 3, 4, 5, 6, 8), "ee": (1, 3, 5, 6), "xyzt": (1, 3, 4, 7)}  # of features that can be taken
_SYMMETRIC = {"pp": 5, "ee": 6, "xyzt": 3}  # the first so many do not change when the two tokens change places


def split_kind(kind: str) -> tuple[str, str]:
    """Return the family and the coordinates of a kind of pair features: "xyzt:spherical" -> ("xyzt", "spherical")."""
    family, _, coordinates = kind.partition(":")
    return family, coordinates


def is_known(kind: str, count: int) -> bool:
    """Return whether a network can take so many features of this kind."""
    family, coordinates = split_kind(kind)
    named = tuple(COORDINATES) if family == "xyzt" else ()
    known_coordinates = named if count == 7 else ("", *named)
    return family in COUNTS and count in (0, *COUNTS[family]) and coordinates in known_coordinates


def is_symmetric(kind: str, count: int) -> bool:
    """Return whether these features do not change when the two tokens change places."""
    return count <= _SYMMETRIC[split_kind(kind)[0]]


def feature_names(kind: str, count: int) -> tuple[str, ...]:
    """Return the names of so many features of a kind."""
    family, coordinates = split_kind(kind)
    if family == "pp" and count == 1:
        return ("lnΔ",)
    return (NAMES[family] + COORDINATES.get(coordinates, ()))[:count]
