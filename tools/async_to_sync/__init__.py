"""Write the sync twin of everything under a folder named `_async`.

    python -m tools.async_to_sync            write the twins, delete orphans
    python -m tools.async_to_sync --check    compare in memory: whole files and the set of files

The source is parsed into a syntax tree that keeps comments and layout (`convert`), names are
changed by one table (`names`), `if ASYNC:` branches are decided (`branches`), what has no known
counterpart is refused with file and line (`refusals`), and ruff sorts imports and formats
(`formatting`). `twins` knows which file belongs to which.
"""
