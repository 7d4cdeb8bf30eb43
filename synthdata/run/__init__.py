"""A whole run: before it, its costs, and the account of every row."""
