"""The models and their checkpoints, from tensors of jets to logits; imports part.jets and what is below it."""
