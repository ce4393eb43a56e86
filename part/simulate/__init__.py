"""Simulation of jets like the benchmarks': Pythia 8, an emulated detector, FastJet, ROOT files of JetClass's schema.

Only this package imports pythia8mc, and only while it generates. It may import `part.errors` and `part.jets`.
"""
