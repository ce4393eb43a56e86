"""The groups of inputs and the labels of a data config."""

from dataclasses import dataclass

from part.jets.schema import Feature


@dataclass(frozen=True)
class InputGroup:
    """Some inputs of a network, which are padded alike.

    Attributes
    ----------
    name : str
        The group's name in the config, such as "pf_features".
    variables : tuple of Feature
        Its variables in order.
    length : int or None
        The number of slots; None for numbers of the whole jet.
    pad_mode : str
        "constant" or "wrap".
    """

    name: str
    variables: tuple[Feature, ...]
    length: int | None
    pad_mode: str = "constant"


@dataclass(frozen=True)
class Labels:
    """How the class of a jet is found.

    Attributes
    ----------
    kind : str
        "simple": one column of 0 and 1 for each class. "index": an expression that gives the index. "none".
    names : tuple of str
        One name for each class; () where the config does not know how many there are.
    expressions : tuple of str
        One for each class, or a single one for the index.
    targets : tuple of (str, str)
        Further outputs of the network, which are no classes, with their expressions; of kind "none" all outputs.
    """

    kind: str = "none"
    names: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    targets: tuple[tuple[str, str], ...] = ()
