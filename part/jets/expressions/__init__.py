"""The expressions of weaver data configs, evaluated by a white list and never as Python.

They may import `part.errors` and `part.jets.buffers`. The public functions are in `evaluation`.
"""
