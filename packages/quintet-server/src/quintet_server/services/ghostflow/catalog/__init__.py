"""The catalog: campaigns, offers, sources, networks and domains."""
