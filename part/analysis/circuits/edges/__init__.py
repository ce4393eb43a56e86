"""Edges between the components of a model: what one adds to the residual stream, and another one reads of it."""
