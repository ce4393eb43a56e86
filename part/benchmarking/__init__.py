"""Measurements of what a model costs: time, memory, operations, energy. Imports jets, models and inference."""
