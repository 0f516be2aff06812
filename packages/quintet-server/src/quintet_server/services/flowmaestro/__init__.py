"""FlowMaestro: workflows, agents with threads, and knowledge bases, on the server's engines."""
