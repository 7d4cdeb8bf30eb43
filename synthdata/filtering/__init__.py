"""From scores to a decision for every row."""
