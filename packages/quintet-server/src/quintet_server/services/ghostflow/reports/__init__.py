"""Reports: what clicks cost and brought, by any of their dimensions, exact at any moment."""
