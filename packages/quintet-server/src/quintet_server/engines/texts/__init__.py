"""Documents: the text in a file, and the text in pieces."""
