"""Who is calling: `/me`, API keys, the audit log."""
