"""Agents: profiles, and the durable sessions in which they carry out a task.

`desk` is what a session's work is given, `program` how the engine of runs carries it out; the
other modules are what the API shows of it.
"""
