"""Jets like the benchmarks' made offline: Pythia 8, an emulated detector, FastJet, JetClass-schema ROOT.

Only this package imports pythia8mc, and only while it generates; the app and the trainings never do.
"""
