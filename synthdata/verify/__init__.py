"""Verification: whether the commands, files and code of a response exist, read offline; nothing of a response is ever run."""
