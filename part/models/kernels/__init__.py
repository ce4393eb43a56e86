"""Triton kernels for attention and LayerNorm, and the layout of packed tokens; they import nothing of the project."""
