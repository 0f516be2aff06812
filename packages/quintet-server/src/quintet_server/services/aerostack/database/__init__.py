"""The database of a project: SQL, one statement or a batch at a time."""
