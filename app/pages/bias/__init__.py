"""Bias: the interaction bias of the attention."""
