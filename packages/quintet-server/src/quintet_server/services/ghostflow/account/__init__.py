"""Who is calling, and what they may do: sign-in, users, API keys and their audit log, teams."""
