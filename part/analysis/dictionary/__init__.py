"""Sparse autoencoders: a model's activations as sums of few of many features, and what these features mean."""
