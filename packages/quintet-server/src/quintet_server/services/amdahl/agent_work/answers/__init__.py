"""From rows to answers: figures, comparisons, developments, quotes, and how sure they are."""
