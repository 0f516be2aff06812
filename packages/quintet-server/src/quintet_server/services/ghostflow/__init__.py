"""GhostFlow: campaigns whose links count clicks, postbacks that report conversions, reports."""
