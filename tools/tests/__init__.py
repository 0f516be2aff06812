"""Tests of the tools: each gate is shown a violation and must name it."""
