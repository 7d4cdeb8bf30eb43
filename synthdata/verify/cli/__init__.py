"""Known clients: their specifications, their grammars, and what no client says of itself."""
