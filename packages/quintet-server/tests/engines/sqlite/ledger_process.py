"""A process that writes until it is killed: `python ledger_process.py FOLDER`.

It prints every number once its write has been acknowledged.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from quintet_server.engines.sqlite import Databases, SqliteSettings

NEXT = "INSERT INTO t SELECT coalesce(max(n), 0) + 1 FROM t RETURNING n"


async def main(folder: Path) -> None:
    databases = Databases(SqliteSettings(), folder)
    await databases.start()
    [row] = (await databases.query("p", "SELECT coalesce(max(n), 0) AS n FROM t")).rows
    number = row["n"]
    while True:
        number += 1
        result = await databases.query("p", NEXT, key=f"key-{number}", fingerprint=b"f")
        assert result.rows == [{"n": number}]
        print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
