"""The search for a few edges that tell two classes apart on their own."""
