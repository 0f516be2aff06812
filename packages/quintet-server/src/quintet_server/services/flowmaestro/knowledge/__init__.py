"""Knowledge bases: documents that are split, embedded, and searched by meaning."""
