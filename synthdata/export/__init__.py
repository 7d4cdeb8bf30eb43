"""The files that whoever trains on the dataset loads."""
