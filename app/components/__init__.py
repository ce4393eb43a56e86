"""Pieces that several pages share: canvases and groups of widgets. May import state and services."""
