"""Aerostack: database, users, cache, queue, services, storage and AI of a project."""
