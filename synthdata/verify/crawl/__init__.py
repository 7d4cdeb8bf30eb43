"""Making a specification by asking an installed client, with no server to reach."""
