"""What stands in a reply that should be a list: JSON, marks, lines and what belongs to them, refusals."""
