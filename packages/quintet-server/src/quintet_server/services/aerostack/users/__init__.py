"""Users of a project: signing up and in, their tokens, and the public paths for browsers."""
