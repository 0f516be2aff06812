"""A backend in one SDK: users, tables, a cache, files, jobs, functions, search and chat."""
