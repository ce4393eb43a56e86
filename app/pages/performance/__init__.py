"""Performance: how fast models are, how their cost grows, and where their time goes."""
