"""A whole run: what it will cost, what it took, what became of each row."""
