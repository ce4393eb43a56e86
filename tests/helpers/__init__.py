"""Helpers shared by the tests and the benchmarks: made-up jets, small models, references and drivers."""
