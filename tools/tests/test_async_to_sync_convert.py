"""One construct at a time: what the twin says for it."""

from __future__ import annotations

import textwrap

import pytest

from tools.async_to_sync.convert import convert
from tools.async_to_sync.names import Names, acompat_pairs
from tools.async_to_sync.refusals import Refused

PAIRS = {"asleep": "sleep", "ALock": "Lock", "aspawn": "spawn"}


def converted(source: str, rules: dict[str, str] | None = None) -> str:
    """The twin of a dedented source, without its first line."""
    text = convert(textwrap.dedent(source), "demo/_async/x.py", Names(rules or {}, PAIRS))
    return text.split("\n", 1)[1]


@pytest.mark.parametrize(
    ("source", "twin"),
    [
        ("async def f(): ...", "def f(): ..."),
        ("async with a as b: ...", "with a as b: ..."),
        ("async for a in b: ...", "for a in b: ..."),
        ("x = [a async for a in b]", "x = [a for a in b]"),
        ("x = (await a.b(), await c)", "x = (a.b(), c)"),
        ("x = (await a.b()).c", "x = a.b().c"),
        ("x = (await (a or b)).c", "x = (a or b).c"),
        ("x = (await a[0]) + 1", "x = a[0] + 1"),
        ("x = f'{await a}'", "x = f'{a}'"),
        ("await asleep(1)", "sleep(1)"),
        ("x = ALock()", "x = Lock()"),
        ("x = AsyncClient()", "x = Client()"),
        ("x = _AsyncPoller()", "x = _Poller()"),
        ("x = Asynchronous()", "x = Asynchronous()"),
        ("await self.aclose()", "self.close()"),
        ("x = self.aiter_jobs()", "x = self.iter_jobs()"),
        ("x = await anext(aiter(a))", "x = next(iter(a))"),
        ("f(on_aclose=aclose)", "f(on_aclose=close)"),
        ("class A:\n    async def __aenter__(self): ...", "class A:\n    def __enter__(self): ..."),
        ("from demo._async.x import AsyncX as Y", "from demo._sync.x import X as Y"),
        ("from typing import AsyncIterator, Iterator", "from typing import Iterator"),
        ("from contextlib import asynccontextmanager", "from contextlib import contextmanager"),
        ("x: Callable[[int], Awaitable[None]]", "x: Callable[[int], None]"),
        ("x: Awaitable[int] | int", "x: int"),
        ("x: Coroutine[Any, Any, list[int]]", "x: list[int]"),
        ("x: AsyncGenerator[int, str]", "x: Generator[int, str, None]"),
        ("x: AsyncGenerator[int]", "x: Generator[int, None, None]"),
        ('x: "AsyncIterator[AsyncJob]"', 'x: "Iterator[Job]"'),
        ('x = cast("Awaitable[int] | AsyncJob", y)', 'x = cast("int | Job", y)'),
        ("@pytest.mark.asyncio\nasync def test_a(): ...", "def test_a(): ..."),
        ("pytestmark = [pytest.mark.asyncio, pytest.mark.wire]", "pytestmark = [pytest.mark.wire]"),
        ("x = 1 if ASYNC else 2", "x = 2"),
        ('raise E("AsyncJob: await it")', 'raise E("Job: await it")'),
        ('x = "aclose"', 'x = "aclose"'),
        ("# await job.get() of AsyncJob", "# job.get() of Job"),
    ],
)
def test_construct_becomes_its_counterpart(source: str, twin: str) -> None:
    assert converted(source).strip() == twin


def test_names_of_all_are_renamed_once_each() -> None:
    assert converted('__all__ = ["AsyncJob", "Blob", "Job"]') == '__all__ = ["Job", "Blob"]'


def test_a_sentence_that_parses_as_code_stays_a_sentence() -> None:
    assert converted('x = "AsyncJob is closed, await it"') == 'x = "Job is closed, await it"'


def test_docstring_is_rewritten_as_prose_and_as_code() -> None:
    twin = converted('''
        """Use `AsyncJob`; callers await the answer.

            async with AsyncJob() as job:
                await job.run()

        asyncio: one loop only,
        and no other.

        `await x` twice; asyncio.run(main()).
        """
    ''')
    assert (
        twin.strip()
        == textwrap.dedent('''
        """Use `Job`; callers await the answer.

            with Job() as job:
                job.run()

        `x` twice; main().
        """
    ''').strip()
    )


@pytest.mark.parametrize(
    ("source", "twin"),
    [
        ("if ASYNC:\n    a()\nelse:\n    b()\n", "b()\n"),
        ("if ASYNC:\n    a()\nc()\n", "c()\n"),
        ("if not ASYNC:\n    b()\n", "b()\n"),
        ("if not ASYNC:\n    b()\nelse:\n    a()\n", "b()\n"),
        ("def f():\n    if ASYNC:\n        a()\n", "def f():\n    pass\n"),
        ("if x:\n    c()\nelse:\n    if ASYNC:\n        a()\n", "if x:\n    c()\n"),
        ("# why\nif ASYNC:\n    a()\nelse:\n    # how\n    b()\n", "# why\n# how\nb()\n"),
        ("if ASYNC:\n    import asyncio\n    asyncio.x()\n", ""),
    ],
)
def test_branch_on_async_is_decided(source: str, twin: str) -> None:
    assert converted(source).strip("\n") == twin.strip("\n")


def test_first_line_names_the_source() -> None:
    first = convert("x = 1\n", "demo/_async/x.py", Names()).splitlines()[0]
    assert first == (
        "# Generated from demo/_async/x.py by tools/async_to_sync; "
        "edit the source and run scripts/fix."
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import asyncio\n", "1: asyncio: use a pair"),
        ("\nimport anyio.abc\n", "2: anyio"),
        ("import pytest_asyncio\n", "pytest.fixture does"),
        ("from demo import _acompat\n", "not the module"),
        ("from demo._sync import x\n", "imports its own twin"),
        ("x = ASYNC\n", "ASYNC may only be asked"),
        ("if a:\n    b\nelif ASYNC:\n    c\n", "3: `elif ASYNC`"),
        ("x: Awaitable\n", "Awaitable without arguments"),
        ("x: Coroutine[int]\n", "three arguments"),
        ("inspect.isawaitable(x)\n", "isawaitable"),
        ("def __await__(self): ...\n", "awaitable object"),
        ("class AsyncA: ...\nclass A: ...\n", "AsyncA becomes A, which the module already has"),
        (
            "class A:\n    def aclose(self): ...\n    def close(self): ...\n",
            "2: aclose becomes close, which class A already has",
        ),
    ],
)
def test_unknown_construct_is_refused_with_its_line(source: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        converted(source)
    assert "demo/_async/x.py:" in str(caught.value)
    assert reason in str(caught.value)


def test_every_reason_is_told_at_once() -> None:
    with pytest.raises(Refused) as caught:
        converted("import asyncio\nx = ASYNC\n")
    assert len(caught.value.reasons) == 2


def test_rule_of_a_package_wins_and_is_remembered() -> None:
    names = Names({"AsyncBytes": "SyncBytes", "spare": "x"})
    assert "SyncBytes" in convert("AsyncBytes()\n", "x.py", names)
    assert names.used == {"AsyncBytes"}


def test_pairs_are_found_by_name_in_an_acompat_module() -> None:
    source = "asleep = 1\ndef sleep(): ...\nclass ALock: ...\nfrom x import Lock\nabort = 1\n"
    assert acompat_pairs(source) == {"asleep": "sleep", "ALock": "Lock"}


def test_pairs_that_the_module_states_are_taken_as_stated() -> None:
    assert acompat_pairs('PAIRS = {"await_event": "wait_event"}\nasleep = sleep = 1\n') == {
        "await_event": "wait_event"
    }
