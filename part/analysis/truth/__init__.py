"""Studies against the truth: how much of a jet's importance falls on the constituents of each prong."""
