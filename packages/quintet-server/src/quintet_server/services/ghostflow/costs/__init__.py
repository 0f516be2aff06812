"""Invoices: what a source has billed for a time, split over its clicks."""
