"""Running strangers' Python: a confined process, and this server's side of it."""
