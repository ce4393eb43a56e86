"""What the pages that study a sample share."""
