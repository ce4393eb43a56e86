"""Forward passes that replace a model's own; they may import networks, `kernels`, `part.jets`, `part.io` and errors."""
