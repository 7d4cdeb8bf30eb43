"""The facts of each known client, a client a file."""
