"""Several models on the same jets; imports `part.analysis`, `part.benchmarking` and below."""
