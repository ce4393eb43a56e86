"""Charts of the study `edge_circuit`, which are those of `circuit` with edges as members."""

from part.figures.studies.circuit import charts

__all__ = ["charts"]
