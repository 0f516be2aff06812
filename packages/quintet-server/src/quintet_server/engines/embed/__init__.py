"""Embeddings: texts in, vectors of one named model out."""
