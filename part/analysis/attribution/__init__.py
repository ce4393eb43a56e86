"""Attributions to the particles and inputs of a jet, and how faithful they are; imports `part.inference` and below."""
