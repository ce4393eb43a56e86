"""Sparsity of attention: how many particles the heads attend to, which ones, and what the heads compute from them."""
