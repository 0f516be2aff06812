"""Vectors in PostgreSQL: kept per project and collection, searched by cosine similarity."""
