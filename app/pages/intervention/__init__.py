"""Intervention: predictions when the model, its activations or the jet is changed."""
