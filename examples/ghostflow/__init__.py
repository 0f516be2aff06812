"""Receivers: of webhooks, one per framework, and of the postbacks that a traffic source is sent."""
