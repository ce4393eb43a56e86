"""Runs as folders and processes, read and controlled without torch or Lightning."""
