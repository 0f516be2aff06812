"""A process that writes until it is killed: `python ledger_process.py FOLDER CALLERS`.

Every caller counts upwards from a million of its own. It prints each number once its write has
been acknowledged.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from quintet_server.engines.sqlite import Databases, SqliteSettings

NEXT = """INSERT INTO t
SELECT coalesce(max(n), ?1) + 1 FROM t WHERE n BETWEEN ?1 AND ?1 + 999999 RETURNING n"""


async def main(folder: Path, callers: int) -> None:
    databases = Databases(SqliteSettings(), folder)
    await databases.start()

    async def write(caller: int) -> None:
        start = caller * 1_000_000
        kept = "SELECT coalesce(max(n), ?1) AS n FROM t WHERE n BETWEEN ?1 AND ?1 + 999999"
        [row] = (await databases.query("p", kept, (start,))).rows
        number = row["n"]
        while True:
            number += 1
            result = await databases.query("p", NEXT, (start,), key=f"key-{number}")
            assert result.rows == [{"n": number}]
            print(number, flush=True)

    await asyncio.gather(*(write(caller) for caller in range(callers)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
