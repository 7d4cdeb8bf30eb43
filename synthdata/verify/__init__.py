"""Is what a response tells its reader to type real? Offline, for each row."""
