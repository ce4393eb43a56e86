"""Explore: one jet and the attention of the models on it."""
