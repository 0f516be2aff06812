"""The demo's Flare part: background jobs, and everything that may become of one."""
