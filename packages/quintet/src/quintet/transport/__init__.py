"""How requests reach the network: a seam of two methods and what stands behind it.

``interface`` is the seam, ``engine`` and ``aio_engine`` the default, ``httpx`` the adapter for
clients that a user brings along, ``scripted`` the public fake.  Nothing outside this package knows
which one runs.
"""
