"""Routines: prompts that an agent is given at the ticks of a schedule."""
