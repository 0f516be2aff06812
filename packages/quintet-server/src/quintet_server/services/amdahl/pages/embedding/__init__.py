"""Pages shown elsewhere: signed tokens in URLs, and the documents they open."""
