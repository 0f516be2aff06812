"""Objects of a project over HTTP: uploaded as forms, read as they are, reachable by a URL."""
