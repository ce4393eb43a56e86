"""The training of sparse autoencoders on a model's activations."""
