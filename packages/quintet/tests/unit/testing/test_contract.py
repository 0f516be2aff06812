"""The contract checks pass on a sound SDK and fail on one that breaks a promise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from quintet import (
    ApiClient,
    AsyncApiClient,
    Backoff,
    ClientOptions,
    EventRules,
    Operation,
    RedirectPolicy,
    RetryClass,
    RetryPolicy,
    Service,
)
from quintet.core.error_map import parse_error_body
from quintet.core.operation import Service as ServiceFacts
from quintet.core.response import Response
from quintet.core.unsaid import answered, redirect_note, unsaid
from quintet.errors import QuintetError
from quintet.testing import reply
from quintet.testing.contract import CHECKS, Adaptor, Call, Check, StreamCall

KEY = "tiny-secret-0123456789"
READ = Operation("things.get", "GET", "/thing", RetryClass.SAFE)
WRITE = Operation("things.create", "POST", "/thing", RetryClass.KEYED)
ACT = Operation("things.act", "POST", "/act", RetryClass.NEVER)
STREAM = Operation("things.watch", "GET", "/events", RetryClass.SAFE)
RULES = EventRules(is_terminal=lambda event: event.event == "done")


class TinyError(QuintetError):
    """The base class of the smallest SDK there is."""


_OWN: dict[type[QuintetError], type[TinyError]] = {}


def adopt(error: QuintetError) -> QuintetError:
    kind = type(error)
    if kind not in _OWN:
        _OWN[kind] = type(f"Tiny{kind.__name__}", (TinyError, kind), {"__module__": __name__})
        globals()[f"Tiny{kind.__name__}"] = _OWN[kind]  # a pickle looks for it there
    return _OWN[kind](error.message, **{k: v for k, v in vars(error).items() if k != "message"})


def status_error(response: Response, operation: Operation) -> QuintetError:
    body = parse_error_body(response)
    said = redirect_note(response) or body.message or unsaid(response)
    return TinyError(f"{operation.name}: {said} ({answered(response)})", code=body.code or "")


SERVICE = Service(name="tiny", user_agent="tiny/1", status_error=status_error, adopt=adopt)
OPTIONS = ClientOptions(
    base_url="https://tiny.example",
    retry=RetryPolicy(frozenset({429, 503}), Backoff(1.0, 5.0)),
)


@dataclass
class Tiny:
    """The blocking SDK; ``service`` and ``options`` are what a sabotage changes."""

    service: ServiceFacts = SERVICE
    operations: tuple[Operation, Operation, Operation] = (READ, WRITE, ACT)

    def make(self, **options: Any) -> Any:
        return self.client(ApiClient, **options)

    def client(
        self, kind: Any, *, transport: Any, clock: Any, max_retries: int, **options: Any
    ) -> Any:
        retry = replace(OPTIONS.retry, max_retries=max_retries)
        chosen = replace(OPTIONS, retry=retry, **{**options, **self.extra()})
        pairs = (("Authorization", f"Bearer {KEY}"),)
        made = kind(self.service, chosen, lambda: pairs, transport=transport, clock=clock)
        made.tiny = self
        return made

    def extra(self) -> dict[str, Any]:
        return {}

    def adaptor(self) -> Adaptor:
        read, write, act = self.operations
        return Adaptor(
            name="tiny",
            blocking=True,
            make=self.make,
            error=TinyError,
            key=KEY,
            read=Call(lambda client: _json(client.request(read)), reply(200, json={})),
            write=Call(lambda client: _json(client.request(write, json={})), reply(201, json={})),
            unsafe=Call(lambda client: _json(client.request(act, json={})), reply(200, json={})),
            stream=StreamCall(
                lambda client: client.events(STREAM, RULES),
                b"id: 1\ndata: a\n\nid: 2\nevent: done\ndata: b\n\n",
                ("1", "2"),
            ),
        )


class AsyncTiny(Tiny):
    """The asyncio SDK."""

    def make(self, **options: Any) -> Any:
        return self.client(AsyncApiClient, **options)

    def adaptor(self) -> Adaptor:
        read, write, act = self.operations

        async def call(client: Any, operation: Operation, **body: Any) -> Any:
            return _json(await client.request(operation, **body))

        return replace(
            super().adaptor(),
            blocking=False,
            read=Call(lambda client: call(client, read), reply(200, json={})),
            write=Call(lambda client: call(client, write, json={}), reply(201, json={})),
            unsafe=Call(lambda client: call(client, act, json={}), reply(200, json={})),
        )


def _json(response: Response) -> Any:
    try:
        return response.json()
    except QuintetError as error:
        raise adopt(error) from error


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("sdk", [Tiny(), AsyncTiny()], ids=["blocking", "asyncio"])
async def test_sound_sdk_passes(sdk: Tiny, check: Check) -> None:
    await check(sdk.adaptor())


async def test_sdk_without_writes_and_streams_passes() -> None:
    bare = replace(Tiny().adaptor(), write=None, unsafe=None, stream=None)
    for check in CHECKS:
        await check(bare)


class FollowsRedirects(Tiny):
    def extra(self) -> dict[str, Any]:
        return {"redirects": RedirectPolicy(follow=True)}


class HasNoBound(Tiny):
    def extra(self) -> dict[str, Any]:
        return {"max_response_bytes": None}


class HasNoTimeout(Tiny):
    def extra(self) -> dict[str, Any]:
        return {"timeout": None, "deadline": None}


class HasNoHooks(Tiny):
    def extra(self) -> dict[str, Any]:
        return {"hooks": ()}


class LeaksItsKey(Tiny):
    def make(self, **options: Any) -> Any:
        client = super().make(**options)

        class Loud(type(client)):  # type: ignore[misc]
            __slots__ = ()

            def __repr__(self) -> str:
                return f"<client {KEY}>"

        client.__class__ = Loud
        return client


class NeverCloses(Tiny):
    def make(self, **options: Any) -> Any:
        client = super().make(**options)
        client._transport.close = lambda: None
        return client


def never_retried(operation: Operation) -> Operation:
    return replace(operation, retry=RetryClass.NEVER)


def unlike(**facts: Any) -> Tiny:
    return Tiny(replace(SERVICE, **facts))


class Doubtful(TinyError):
    """Says of every trouble that another call helps."""

    is_retryable = True


class Verbose(TinyError):
    """Shows the whole answer."""

    def __str__(self) -> str:
        return "" if self.response is None else self.response.text()


def remembers_the_key(response: Response, operation: Operation) -> QuintetError:
    error = status_error(response, operation)
    error.__dict__["kept"] = KEY
    return error


def says_nothing(response: Response, operation: Operation) -> QuintetError:
    return TinyError("no")


SABOTAGED = [
    (unlike(status_error=says_nothing), "redirects_say_whither_without_the_query"),
    (unlike(status_error=says_nothing), "answers_of_no_use_say_what_was_asked"),
    (
        Tiny(operations=(READ, WRITE, replace(ACT, retry=RetryClass.SAFE))),
        "gateway_that_lost_an_answer_leaves_a_write_unknown",
    ),
    (unlike(adopt=lambda error: error), "every_error_is_of_the_base_class"),
    (
        unlike(idempotency_header=None),
        "key_is_the_same_over_all_attempts_and_new_for_each_call",
    ),
    (unlike(is_final=lambda response: True), "statuses_of_the_service_are_retried"),
    (
        Tiny(operations=(never_retried(READ), WRITE, ACT)),
        "failures_after_sending_are_retried_only_if_safe",
    ),
    (
        Tiny(operations=(READ, WRITE, replace(ACT, retry=RetryClass.SAFE))),
        "failures_after_sending_are_retried_only_if_safe",
    ),
    (FollowsRedirects(), "redirects_are_not_followed"),
    (HasNoBound(), "bodies_are_bounded_while_they_are_read"),
    (HasNoTimeout(), "timeout_is_given_to_each_attempt"),
    (HasNoTimeout(), "deadline_bounds_the_whole_call"),
    (HasNoHooks(), "hooks_see_each_attempt_once"),
    (LeaksItsKey(), "key_is_on_the_wire_and_nowhere_else"),
    (unlike(status_error=remembers_the_key), "key_echoed_by_an_answer_is_shown_nowhere"),
    (unlike(status_error=lambda *_: Verbose("no")), "signed_urls_are_not_shown_in_messages"),
    (unlike(status_error=lambda *_: Doubtful("no")), "is_retryable_means_worth_it_and_safe"),
    (NeverCloses(), "closed_client_refuses_calls"),
]


@pytest.mark.parametrize(("sdk", "broken"), SABOTAGED)
async def test_sdk_that_breaks_a_promise_fails_its_check(sdk: Tiny, broken: str) -> None:
    check = next(each for each in CHECKS if each.__name__ == f"check_{broken}")
    with pytest.raises(AssertionError):
        await check(sdk.adaptor())


async def test_error_of_another_tree_is_named() -> None:
    class Foreign(TinyError, Exception):
        pass

    foreign = replace(Tiny().adaptor(), error=ZeroDivisionError)
    with pytest.raises(AssertionError, match="is no ZeroDivisionError"):
        await CHECKS[1](foreign)
    loose = replace(Tiny().adaptor(), error=ValueError, read=Call(lambda client: int("x"), reply()))
    with pytest.raises(AssertionError, match="QuintetError"):
        await CHECKS[1](loose)


def test_every_check_says_what_it_promises() -> None:
    assert len(CHECKS) > 20
    for check in CHECKS:
        assert check.__name__.startswith("check_")
        assert check.__doc__
