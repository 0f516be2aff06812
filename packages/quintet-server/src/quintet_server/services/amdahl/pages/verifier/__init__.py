"""The verifier: whether a spec and its queries make a page, and everything that is wrong if not."""
