"""What of a jet speaks for a class: attributions to its particles and inputs, and how far they can be believed."""
