"""The tabs of the page on the interaction bias."""
