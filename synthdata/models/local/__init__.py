"""The embedded model: its file, fetched and verified, and the server that answers for it."""
