"""Payloads of plain data, made of figures, that the canvases of the pages draw. May import services and `part`."""
