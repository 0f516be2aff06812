"""Postbacks: what networks report of clicks, and what sources are told of conversions."""
