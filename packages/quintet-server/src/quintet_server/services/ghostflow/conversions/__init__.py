"""Conversions: what clicks have led to, one row per click, event and transaction."""
