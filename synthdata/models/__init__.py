"""Asking a model: many requests in flight within every limit, and no answer lost or paid for twice."""
