"""Numbered SQL files, applied in order by :mod:`quintet_server.store.migrate`."""
