"""What a response repeats: near-duplicates, evaluation prompts, itself."""
