"""Data configs of weaver-core: what they say, which jets they select, and the inputs that they describe."""
