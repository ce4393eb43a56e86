"""The tour of the first visit."""
