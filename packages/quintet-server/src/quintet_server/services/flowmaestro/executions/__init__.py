"""Executions: running workflows on the server's durable runs, and what the API shows of them.

| question | module |
|---|---|
| how does an execution begin? | `starting` |
| what is executed when, what happens after a crash? | `program`, `passes`, `journal` |
| one node: attempts, retries, its timeout | `attempts` |
| waits, human review, parking and pausing | `waiting`, `idleness` |
| loops | `looping` |
| what do later nodes see? | `memory`, `outcome` |
| which events are there, and how do they look? | `events`, `streams` |
| what does the API answer? | `wire`, `routes` |
"""
