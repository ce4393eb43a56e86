"""What a model costs: time, memory, size."""
