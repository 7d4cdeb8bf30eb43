"""What is checked: commands, files, code, whole answers; one verifier in each module."""
