"""Receivers of Amdahl's webhooks, one per framework."""
