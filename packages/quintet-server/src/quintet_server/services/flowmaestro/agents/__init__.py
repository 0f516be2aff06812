"""Agents and their threads: what is said, the turns that answer it, tools, memory.

A turn is a durable run, named by the message that it produces. :mod:`.sending` begins one together
with the user's message, :mod:`.turn` carries it out in any process, :mod:`.streams` shows its event
log.
"""
