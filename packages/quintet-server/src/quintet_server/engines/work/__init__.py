"""The work engine: one table of jobs that drives everything asynchronous."""
