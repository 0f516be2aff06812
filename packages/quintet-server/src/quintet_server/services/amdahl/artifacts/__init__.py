"""Artifacts: what agents and people leave behind, with every version of it."""
