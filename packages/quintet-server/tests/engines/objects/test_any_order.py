"""Any order of operations leaves what a dictionary would hold, and no byte more."""

from __future__ import annotations

import random

import pytest

KEYS = ["a", "b", "a/b", "c"]


@pytest.mark.parametrize("seed", range(6))
async def test_objects_are_like_a_dictionary_and_leave_no_blobs(shelf, seed) -> None:
    chance, expected = random.Random(seed), {}
    for number in range(40):
        source, target = chance.choice(KEYS), chance.choice(KEYS)
        operation = chance.choice(["put", "put", "copy", "move", "delete", "fail", "sweep"])
        if operation == "put":
            expected[source] = b"%d" % number * chance.choice([0, 1, 50_000])
            await shelf.put(source, expected[source])
        elif operation == "fail":
            with pytest.raises(ZeroDivisionError):
                async with shelf.objects.upload() as upload:
                    await upload.write(b"never seen" * 10_000)
                    raise ZeroDivisionError
        elif operation == "copy":
            assert (await shelf.copy(source, target) is not None) is (source in expected)
            if source in expected:
                expected[target] = expected[source]
        elif operation == "move":
            assert (await shelf.move(source, target) is not None) is (source in expected)
            if source in expected:
                expected[target] = expected.pop(source)
        elif operation == "delete":
            assert await shelf.delete(source) is (expected.pop(source, None) is not None)
        else:
            await shelf.sweep(garbage_grace_seconds=0)
    assert await shelf.keys() == sorted(expected)
    assert {key: await shelf.read(key) for key in expected} == expected
    await shelf.sweep(garbage_grace_seconds=0)
    async with shelf.db.connection() as conn:
        blobs = await (await conn.execute("SELECT DISTINCT blob FROM objects")).fetchall()
    assert shelf.files() == sorted(blob for (blob,) in blobs)
    assert (await shelf.count("object_uploads"), await shelf.count("object_garbage")) == (0, 0)
