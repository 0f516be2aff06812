"""A tenant's data: ingested, described, searched, filtered; and its knowledge documents."""
