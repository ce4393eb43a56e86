"""The tabs of the page Sparsity."""
