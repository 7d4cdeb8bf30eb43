"""Scores: asking a reward model or a judge, and reading what it replies."""
