"""A data config of weaver-core as a frozen dataclass: what is read from files, and what becomes of it.

The format is that of weaver-core 0.4 and 0.5. Expressions are checked and evaluated by `part.jets.expressions`, never
as Python.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

from part.jets.config.definitions import Definitions
from part.jets.config.groups import InputGroup, Labels
from part.jets.config.label_groups import label_groups
from part.jets.config.roles import Roles, infer_roles
from part.jets.schema import Collection, Dataset, FeatureSet


@dataclass(frozen=True)
class DataConfig:
    """A data config.

    Attributes
    ----------
    name : str
        The name of its file, without ending; it does not count when configs are compared.
    tree : str or None
        The tree that is read from ROOT files; None where there is only one.
    branch_magic : tuple of (str, str)
        What is replaced in the names of branches, by what.
    file_magic : tuple of (str, tuple)
        Columns that the path of a file decides: name, and (pattern, value) pairs.
    selection, test_selection : str
        The expressions that jets for training and for prediction satisfy; "" for all jets.
    definitions : tuple of (str, str)
        The new variables with their expressions, in order.
    groups : tuple of InputGroup
        The inputs in the order of the network's arguments.
    collections : tuple of Collection
        The tokens that the groups describe; see `part.jets.config.grouping`.
    labels : Labels
    observers : tuple of str
        Variables that are kept beside the predictions.
    weights : mapping or None
        The reweighting of the training jets, as written.
    missing_standardisation : tuple of str
        Variables with `method: auto` whose parameters the config does not have.
    options : mapping
        The config as written, for cards; it can be saved as JSON or YAML.
    notes : tuple of str
        Sentences on what was assumed or left out.
    """

    name: str = field(compare=False)
    tree: str | None
    branch_magic: tuple[tuple[str, str], ...]
    file_magic: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]
    selection: str
    test_selection: str
    definitions: tuple[tuple[str, str], ...]
    groups: tuple[InputGroup, ...]
    collections: tuple[Collection, ...]
    labels: Labels
    observers: tuple[str, ...] = ()
    weights: Mapping[str, Any] | None = field(default=None, hash=False)
    missing_standardisation: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False)
    notes: tuple[str, ...] = ()

    @cached_property
    def roles(self) -> Roles:
        """The physical quantities that variables stand for, see `part.jets.config.roles`."""
        names = (*self.observers, *(name for c in self.collections for name in c.variables))
        return infer_roles(self.collections, self.definitions_of, names, self.options.get("roles") or {})

    @cached_property
    def definitions_of(self) -> Definitions:
        """The new variables, and what they are computed from."""
        return Definitions(self.definitions)

    @cached_property
    def sha256(self) -> str:
        """The checksum of all that the config says."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    @cached_property
    def inputs_sha256(self) -> str:
        """The checksum of what the inputs of its jets are computed from, and how."""
        names = [name for collection in self.collections for name in collection.variables]
        told = (self.collections, self.definitions_of.needed(names))
        return hashlib.sha256(repr(told).encode()).hexdigest()

    @property
    def is_regression(self) -> bool:
        """Whether all outputs are numbers instead of classes."""
        return self.labels.kind == "none" and bool(self.labels.targets)

    def for_outputs(self, n_outputs: int, names: tuple[str, ...] = (), has_regression_loss: bool = False) -> Self:
        """Return the config as a network with so many outputs means its labels.

        weaver-core writes the index of a class and numbers to regress alike, as `labels: custom`. They are numbers
        where there is one output, since one class tells nothing apart, or where the loss of the network file says so
        and there is one output for each label. Names of classes say that they are classes.
        """
        written = self.options.get("labels") or {}
        keys = (written.get("value") or {}) if written.get("type") == "custom" else ()
        pairs = tuple(zip(keys, self._custom, strict=False))
        is_one_each = has_regression_loss and n_outputs == len(pairs)
        if pairs and not names and not self.labels.names and (n_outputs == 1 or is_one_each):
            kept = pairs[:n_outputs]
            options = {**self.options, "labels": {**written, "type": "regression", "value": dict(kept)}}
            return replace(self, labels=Labels(targets=kept), options=options)._with_note()
        return self._with_note() if self.is_regression else self

    def _with_note(self) -> Self:
        listed = ", ".join(name for name, _ in self.labels.targets)
        note = f"The outputs are numbers ({listed}), not classes, so they have no probabilities."
        return self if note in self.notes else replace(self, notes=(*self.notes, note))

    @property
    def _custom(self) -> tuple[str, ...]:
        """The expressions of custom labels, in their order."""
        return (*self.labels.expressions, *(expression for _, expression in self.labels.targets))

    @property
    def is_standardised(self) -> bool:
        """Whether the config holds the parameters of every variable that it standardises automatically."""
        return not self.missing_standardisation

    def branches_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the branches that variables are computed from, in order of first use."""
        return self.definitions_of.branches(names)

    def feature_set(self, takes_points: bool = False) -> FeatureSet:
        """Return the inputs of a model; `takes_points` says whether it takes points as well as features."""
        names = [name for collection in self.collections for name in collection.variables]
        definitions = self.definitions_of.needed(names)
        return FeatureSet(self.name, self.collections, definitions, self.branches_of(names), takes_points, self)

    def dataset(self, n_classes: int, names: tuple[str, ...] = ()) -> Dataset:
        """Return the classes; `names` replace those of the config, and classes without a name are numbered."""
        numbered = () if self.is_regression else tuple(f"class {i}" for i in range(n_classes))
        labels = names or self.labels.names or numbered
        short = tuple(label.removeprefix("label_") for label in labels)
        named = self.labels.kind == "simple" and len(self.labels.expressions) == len(labels)
        groups = label_groups(self.definitions, self.labels.expressions, labels) if named else ()
        targets = tuple(name for name, _ in self.labels.targets)
        return Dataset(self.name, labels, short, targets=targets, groups=groups)

    def with_options(self, **changes: Any) -> "DataConfig":
        """Return the config with other fields."""
        return replace(self, **changes)
