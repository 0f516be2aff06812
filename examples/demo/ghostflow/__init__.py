"""A campaign on this machine: real clicks, a page they arrive at, sales, and the reports of it."""
