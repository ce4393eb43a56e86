"""What the page Attribution shows."""
