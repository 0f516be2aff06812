"""The programs that are measured, each run in a process (and, if need be, a venv) of its own."""
