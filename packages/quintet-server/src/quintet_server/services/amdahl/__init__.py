"""Amdahl Platform: SQL over interactions, pages that render, agents that pause and resume."""
