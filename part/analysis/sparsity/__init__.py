"""How many particles the heads look at, which, and what the heads make of them."""
