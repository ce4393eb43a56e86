"""Toy network files of weaver-core."""

HEAD = """
import torch
from weaver.nn.model.ParticleTransformer import ParticleTransformer


class Wrapper(torch.nn.Module):
    def __init__(self, **kwargs):
        super().__init__()
        self.mod = ParticleTransformer(**kwargs)

    def forward(self, points, features, lorentz_vectors, mask):
        return self.mod(features, v=lorentz_vectors, mask=mask)

"""
# The groups of a data config that fits it, each with its variables.
INPUTS = {"p": ["a"], "f": ["a", "b", "c"], "v": ["x", "y", "z", "e"], "m": ["m"]}
