"""Chat with the server's language model, in the vendor's two shapes at once."""
