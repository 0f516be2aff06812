"""Pages: a tree of components from a fixed catalog, with the named queries that feed it."""
