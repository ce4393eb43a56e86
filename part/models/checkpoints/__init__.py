"""Trained weights on disk, with cards that describe them, and weights from weaver-core; imports the models."""
