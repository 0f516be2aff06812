"""What decides: pure functions and small state machines over bytes, headers, numbers and "now".

Nothing here opens a connection, reads a clock, draws a random number or logs; those come in as
arguments or go out as effects.  So every rule can be tested by a table.
"""
