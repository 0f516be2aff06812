"""The public facet of webhook signatures is the core's own."""

from __future__ import annotations

import doctest

import pytest

from quintet import webhooks
from quintet.core import webhooks as core
from quintet.webhooks import StandardWebhooks, Timestamped, sign, verify


def test_facet_shows_the_core_and_the_error() -> None:
    assert set(core.__all__) | {"WebhookError"} == set(webhooks.__all__)
    for name in core.__all__:
        assert getattr(webhooks, name) is getattr(core, name)


def test_example_in_the_module_works() -> None:
    assert doctest.testmod(webhooks).failed == 0


@pytest.mark.parametrize("scheme", [Timestamped("X-Sig"), StandardWebhooks()])
def test_what_is_signed_here_verifies_here(scheme: webhooks.Scheme) -> None:
    secret = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="
    signed = sign(scheme, b"{}", secret, timestamp=1000, id="msg_1")
    assert verify(scheme, b"{}", signed, [secret], tolerance=300, now=1100)
    assert not verify(scheme, b"{}", signed, [secret], tolerance=300, now=1400)
    assert not verify(scheme, b"{} ", signed, [secret], tolerance=300, now=1100)
