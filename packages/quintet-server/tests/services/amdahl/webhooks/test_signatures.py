"""Signatures: what the guide's own function accepts, and what a rotation means for each header."""

from __future__ import annotations

import hashlib
import hmac

from hypothesis import given, strategies as st

from quintet_server.engines.hooks.signing import sign_with_time


def verify_as_the_guide_does(raw_body, headers, secret):
    """Whole value against whole digest, as receivers written after the guide compare them."""
    expected = hmac.new(secret.encode(), raw_body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, headers["x-webhook-signature"])


def verified_v2(request, secret):
    stamp, *signatures = request.headers["x-webhook-signature-v2"].split(",")
    assert stamp == f"t={request.headers['x-webhook-timestamp']}"
    signed = stamp.removeprefix("t=").encode() + b"." + request.body
    return f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}" in signatures


async def test_all_three_headers_verify_with_the_secret_and_no_other(desk):
    secret = "my own secret ~ 0123"
    await desk.create(secret=secret)
    await desk.announce(name="Grüße \u2028 🚀")
    (request,) = await desk.receiver.wait_for(1)
    assert verify_as_the_guide_does(request.body, request.headers, secret)
    assert not verify_as_the_guide_does(request.body, request.headers, secret + "x")
    bare = request.headers["x-webhook-signature"]
    assert request.headers["x-amdahl-signature"] == f"sha256={bare}"
    assert bare == bare.lower()
    assert len(bare) == 64
    assert verified_v2(request, secret)
    assert not verified_v2(request, secret + "x")


async def test_rotation_signs_with_both_for_a_day(desk, api):
    made = await desk.create()
    old, new = made["secret"], (await desk.change(made, rotate_secret=True))["secret"]
    await desk.announce()
    (during,) = await desk.receiver.wait_for(1)
    ends = "(secrets->1->>'expires_at')::timestamptz"
    hours = f"extract(epoch FROM {ends} - updated_at)::float8 / 3600"
    [(kept,)] = await api.sql(f"SELECT {hours} FROM hook_subscriptions WHERE id = %s", made["id"])
    assert abs(kept - 24) < 0.01
    await api.sql(  # the engine's own tests move the clock
        "UPDATE hook_subscriptions SET secrets = jsonb_set(secrets, '{1,expires_at}', "
        "to_jsonb(quintet_now())) WHERE id = %s",
        made["id"],
    )
    await desk.announce()
    _, after = await desk.receiver.wait_for(2)
    # The single-valued headers have the new one from the first moment.
    for request in (during, after):
        assert verify_as_the_guide_does(request.body, request.headers, new)
        assert not verify_as_the_guide_does(request.body, request.headers, old)
        assert verified_v2(request, new)
    assert verified_v2(during, old)
    assert not verified_v2(after, old)


@given(
    st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=16), max_size=12),
    st.binary(max_size=200),
    st.integers(0, 2**33),
)
def test_v2_names_the_time_and_at_most_eight_digests_newest_first(keys, body, seconds):
    stamp, *digests = sign_with_time(body, keys, seconds).split(",")
    assert stamp == f"t={seconds}"
    assert digests == [
        "v1=" + hmac.new(key.encode(), b"%d." % seconds + body, hashlib.sha256).hexdigest()
        for key in keys[:8]
    ]
