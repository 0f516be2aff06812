"""Durable runs: programs that survive the process they run in, on top of the work engine."""
