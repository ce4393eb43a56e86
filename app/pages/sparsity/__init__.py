"""Sparsity: how few particles heads attend to, and which."""
