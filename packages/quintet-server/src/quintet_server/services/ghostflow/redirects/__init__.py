"""The public links: a click is stored, then sent to where its campaign leads."""
