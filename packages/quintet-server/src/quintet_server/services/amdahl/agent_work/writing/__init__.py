"""From answers to texts: prose within the facts, outlines, pieces, blocks of a chat's answer."""
