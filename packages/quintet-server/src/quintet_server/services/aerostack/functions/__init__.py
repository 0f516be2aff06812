"""Services that a project defines, Python functions and HTTP targets, and invoking them."""
