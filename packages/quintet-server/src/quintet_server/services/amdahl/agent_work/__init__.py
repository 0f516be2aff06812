"""The agents' work: what a session does between its start and its result."""
