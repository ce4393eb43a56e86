"""What files are, what they need, and what they make together, as pages that a person reads."""
