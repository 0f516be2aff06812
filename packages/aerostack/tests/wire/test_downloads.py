"""Files on their way back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from aerostack import errors

from .conftest import Face
from .peer import answer, error

DATA = bytes(range(256)) * 2000
WHOLE = answer(body=DATA, content_type="image/png", etag='"e1"')


async def test_file_is_read_in_pieces_and_as_a_whole(play: Any, face: Face) -> None:
    peer = play(WHOLE)
    storage = face.sdk(peer).storage
    file = await face.do(storage.storage_get, {"key": "a.png"})
    assert (file.status_code, file.content_type, file.etag) == (200, "image/png", '"e1"')
    assert file.content_length == len(DATA) and isinstance(file.headers, httpx.Headers)
    pieces = await face.all(file)
    assert b"".join(pieces) == DATA and len(pieces) > 1
    assert await face.finish((await face.do(storage.storage_get, {"key": "a"})).read()) == DATA
    assert peer.bodies() == [{"key": "a.png"}, {"key": "a"}]
    assert peer.headers("accept")[0] == "application/octet-stream, application/json"


async def test_file_that_is_missing_is_a_typed_error_at_the_call(play: Any, face: Face) -> None:
    sdk = face.sdk(play(error(404, "VALIDATION_ERROR", details={"reason": "NOT_FOUND"})))
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.storage.storage_get, {"key": "a"})
    assert caught.value.data.details == {"reason": "NOT_FOUND"}


async def test_file_is_saved_in_place_of_an_older_one(
    play: Any, face: Face, tmp_path: Path
) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"old")
    sdk = face.sdk(play(WHOLE))
    file = await face.do(sdk.storage.storage_get, {"key": "a"})
    assert await face.finish(file.save(str(target))) == target
    assert target.read_bytes() == DATA
    assert target.stat().st_mode & 0o777 == 0o666 & ~_umask()
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]


async def test_file_that_breaks_off_leaves_nothing_behind(
    play: Any, face: Face, tmp_path: Path
) -> None:
    def torn(conn: Any, _: Any) -> None:
        conn.send(WHOLE[: len(WHOLE) // 2])
        raise ConnectionError

    (tmp_path / "a.png").write_bytes(b"old")
    file = await face.do(face.sdk(play(torn)).storage.storage_get, {"key": "a"})
    with pytest.raises(httpx.RequestError):
        await face.finish(file.save(tmp_path / "a.png"))
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    ("asked", "header"), [((5, 9), "bytes=5-9"), ((511990, None), "bytes=511990-")]
)
@pytest.mark.parametrize("honoured", [True, False])
async def test_part_of_a_file_is_what_was_asked_for(
    play: Any, face: Face, asked: tuple[int, int | None], header: str, honoured: bool
) -> None:
    part = DATA[asked[0] : None if asked[1] is None else asked[1] + 1]
    peer = play(answer(206, body=part, content_type="image/png") if honoured else WHOLE)
    file = await face.do(face.sdk(peer).storage.storage_get, {"key": "a"}, byte_range=asked)
    assert await face.finish(file.read()) == part
    assert peer.headers("range") == [header]
    assert peer.headers("accept-encoding") == ["identity"]


@pytest.mark.parametrize("wrong", [(5,), (-1, 3), (5, 4), ("a", None), 7])
async def test_range_that_is_none_is_refused(play: Any, face: Face, wrong: Any) -> None:
    peer = play(WHOLE)
    with pytest.raises(errors.RequestValidationError, match="byte_range"):
        await face.do(face.sdk(peer).storage.storage_get, {"key": "a"}, byte_range=wrong)
    assert peer.requests == []


async def test_leaving_a_download_early_closes_its_connection(play: Any, face: Face) -> None:
    def half(conn: Any, _: Any) -> None:
        conn.send(WHOLE[:100_000])
        conn.hold()

    peer = play(half)
    file = await face.do(face.sdk(peer).storage.storage_get, {"key": "a"})
    if face.is_async:
        async with file:
            assert await file.__anext__()
    else:
        with file:
            assert next(file)
    import asyncio

    assert await asyncio.to_thread(peer.gone.wait, 5)


async def test_folder_that_is_missing_is_told_with_the_path_that_was_given(
    play: Any, face: Face, tmp_path: Path
) -> None:
    target = tmp_path / "none" / "a.png"
    file = await face.do(face.sdk(play(WHOLE)).storage.storage_get, {"key": "a"})
    with pytest.raises(FileNotFoundError) as caught:
        await face.finish(file.save(target))
    assert caught.value.filename == str(target)
    await face.close(file)


@pytest.mark.parametrize("already", ["closed", "read"])
async def test_download_of_which_nothing_is_left_is_not_saved_over_a_file(
    play: Any, face: Face, tmp_path: Path, already: str
) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"kept")
    sdk = face.sdk(play(WHOLE))
    file = await face.do(sdk.storage.storage_get, {"key": "a"})
    if already == "read":
        assert await face.finish(file.read()) == DATA
    else:
        await face.finish(file.aclose() if face.is_async else file.close())
        with pytest.raises(errors.ClientClosedError, match="before its end"):
            await face.finish(file.read())
    with pytest.raises(errors.ClientClosedError, match="again"):
        await face.finish(file.save(target))
    assert target.read_bytes() == b"kept"
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
