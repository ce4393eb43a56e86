"""What the Performance page shows."""
