"""One module per kind of file; each opens a path as a Source."""
