"""The demo's FlowMaestro part: a workflow that survives a kill, an agent, a knowledge base."""
