"""Command lines: what each known client is, which words it takes, and what is nearest to those it does not."""
