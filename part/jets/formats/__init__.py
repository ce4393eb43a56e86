"""One module for each file format; each opens a path as a `Source`. They may import schema, labels and pdg."""
