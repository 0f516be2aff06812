"""Managed search: texts that are found by what they mean, and embeddings by themselves."""
