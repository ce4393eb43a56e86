"""How components of a model work together towards its logits."""
