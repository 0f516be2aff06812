"""Webhooks: who is told what happened, how it is told, and what came of each delivery."""
