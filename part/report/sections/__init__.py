"""The sections of a report: a module per section with `section(measured)`, which returns None where it has nothing."""
