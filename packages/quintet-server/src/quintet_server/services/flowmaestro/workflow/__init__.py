"""Workflows as pure data: reading, checking and scheduling them; nothing here waits or writes."""
