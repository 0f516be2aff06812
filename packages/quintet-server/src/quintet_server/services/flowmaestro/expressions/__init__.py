"""Expressions over the data of a run: `{{…}}` in texts, and the language of transforms."""
