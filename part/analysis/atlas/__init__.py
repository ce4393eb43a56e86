"""What each head attends to: hypotheses about its keys, their nulls, and a name where one holds."""
