"""The cache: keys and JSON values with a time to live, counters, lists of keys."""
