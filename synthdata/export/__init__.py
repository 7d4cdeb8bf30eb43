"""What leaves: the dataset and its files."""
