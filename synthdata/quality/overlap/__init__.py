"""How rows overlap: near-duplicates, evaluation prompts, variety."""
