"""Predictions when something in the model or in the jet is changed; imports `part.inference` and below."""
