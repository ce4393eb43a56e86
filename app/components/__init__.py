"""Pieces of pages: canvas components (js + py) and groups of widgets."""
