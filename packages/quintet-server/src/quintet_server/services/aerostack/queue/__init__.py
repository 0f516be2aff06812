"""The queue of a project: jobs, who may see them, and the consumers that work on them.

| module | subject |
|---|---|
| `enqueueing`, `together`, `reading`, `cancelling` | the four calls |
| `records` | jobs as rows and as JSON |
| `definitions`, `matching` | consumers, and which of them gets a job |
| `workers`, `handling`, `delivery`, `retrying` | carrying jobs out |
| `tidying` | forgetting ended jobs |
"""
