"""The search for a few heads that tell two classes apart on their own."""
