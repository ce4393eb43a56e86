"""Download of public datasets and weights. It may import `part.errors` and `part.progress`."""
