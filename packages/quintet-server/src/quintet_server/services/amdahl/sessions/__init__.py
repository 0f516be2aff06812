"""Sessions of the platform: data workspaces. The sessions of agents are in `agents`."""
