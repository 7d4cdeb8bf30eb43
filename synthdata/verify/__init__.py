"""Is what a response tells its reader to type real? Read offline, row by row; nothing of it is ever run."""
