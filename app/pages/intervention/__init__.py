"""The tabs of the page Intervention."""
