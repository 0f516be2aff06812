"""Views of a client: the connection shared, limits and resources of their own."""

from __future__ import annotations

from functools import cached_property

from quintet.lazy_resources import view_of


class Calls:
    def __init__(self) -> None:
        self.connection = object()
        self.timeout = 30.0


class Things:
    def __init__(self, calls: Calls) -> None:
        self.calls = calls


class Client:
    _is_view = False

    def __init__(self) -> None:
        self._calls = Calls()
        self.note = ["kept"]

    @cached_property
    def things(self) -> Things:
        return Things(self._calls)


def test_view_calls_with_what_was_changed_and_the_client_goes_on_as_it_was() -> None:
    client = Client()
    view = view_of(client, {"timeout": 1.0})
    assert (client._calls.timeout, view._calls.timeout) == (30.0, 1.0)
    assert view._calls.connection is client._calls.connection
    assert view.note is client.note
    assert (client._is_view, view._is_view) == (False, True)


def test_view_of_a_client_with_resources_makes_them_anew() -> None:
    client = Client()
    made = client.things
    view = view_of(client, {"timeout": 1.0})
    assert view.things.calls is view._calls
    assert view.things is view.things
    assert client.things is made
    assert made.calls is client._calls


def test_view_keeps_the_class_and_the_attributes_of_a_subclass() -> None:
    class Own(Client):
        def __init__(self) -> None:
            super().__init__()
            self.tenant = "t"

    view = view_of(Own(), {})
    assert type(view) is Own
    assert view.tenant == "t"
