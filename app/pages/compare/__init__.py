"""Compare: two to four models on the same jets."""
