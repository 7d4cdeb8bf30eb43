"""Look before deciding: sliders, pictures, rows to read, and what was said of them."""
