"""Users of a project sign up and in, and carry their token to the gateway."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aerostack import SDK, errors
from tests.e2e.aerostack.faces import Face
from tests.support.aerostack import AerostackServer

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("aerostack")]

ADA = {
    "email": "Ada@mail.example",
    "password": "correct horse",
    "name": "Ada",
    "metadata": {"plan": {"seats": 2**60}},
}


def claims_of(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return found


async def test_user_signs_up_and_in(face: Face, sdk: SDK) -> None:
    up = await face.do(sdk.authentication.auth_signup, ADA)
    assert (up.user.email, up.user.name, up.user.metadata) == (
        "Ada@mail.example",
        "Ada",
        {"plan": {"seats": 2**60}},
    )
    assert str(uuid.UUID(up.user.id)) == up.user.id
    assert abs(datetime.now(UTC) - up.user.created_at) < timedelta(minutes=5)

    other_case = {"email": "ada@MAIL.example", "password": "correct horse"}
    signed = await face.do(sdk.authentication.auth_signin, other_case)
    assert signed.user == up.user
    claims = claims_of(signed.token)
    assert claims.keys() >= {"sub", "email", "pid", "iat", "exp", "jti"}
    assert claims["sub"] == up.user.id
    assert datetime.fromtimestamp(claims["exp"], UTC) == signed.expires_at.replace(microsecond=0)
    assert claims["exp"] - claims["iat"] == 24 * 3600


async def test_user_without_name_has_none(face: Face, sdk: SDK) -> None:
    up = await face.do(
        sdk.authentication.auth_signup, {"email": "a@mail.example", "password": "12345678"}
    )
    assert up.user.name is None
    assert up.user.metadata == {}


async def test_second_user_of_an_address_is_a_conflict(face: Face, sdk: SDK) -> None:
    await face.do(sdk.authentication.auth_signup, ADA)
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.authentication.auth_signup, {**ADA, "password": "another one"})
    assert type(caught.value) is errors.ErrorResponse
    assert (caught.value.status_code, caught.value.data.code) == (409, "VALIDATION_ERROR")
    assert caught.value.data.details == {"reason": "AUTH_USER_EXISTS"}


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"password": "1234567"}, "password", "AUTH_PASSWORD_WEAK"),
        ({"email": "nobody"}, "email", None),
        ({"metadata": []}, "metadata", None),
    ],
)
async def test_sign_up_that_is_not_acceptable_names_its_field(
    face: Face, sdk: SDK, change: dict[str, object], field: str, reason: str | None
) -> None:
    if field == "metadata":
        with pytest.raises(errors.RequestValidationError, match="metadata"):
            await face.do(sdk.authentication.auth_signup, {**ADA, **change})
        return
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(sdk.authentication.auth_signup, {**ADA, **change})
    assert (caught.value.status_code, caught.value.data.code) == (400, "VALIDATION_ERROR")
    assert caught.value.data.details is not None
    assert list(caught.value.data.details["fieldErrors"]) == [field]
    assert caught.value.data.details.get("reason") == reason


async def test_wrong_password_and_unknown_address_look_the_same(face: Face, sdk: SDK) -> None:
    await face.do(sdk.authentication.auth_signup, ADA)
    told = []
    for email in ("ada@mail.example", "bob@mail.example"):
        with pytest.raises(errors.ErrorResponse) as caught:
            await face.do(
                sdk.authentication.auth_signin, {"email": email, "password": "wrong horse"}
            )
        assert caught.value.status_code == 401
        told.append(caught.value.data)
    assert told[0] == told[1]
    assert told[0].code == "AUTH_INVALID_CREDENTIALS"


async def test_user_of_one_project_is_unknown_to_another(
    face: Face, sdk: SDK, server: AerostackServer
) -> None:
    await face.do(sdk.authentication.auth_signup, ADA)
    other = face.sdk(server.project())
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(
            other.authentication.auth_signin,
            {"email": ADA["email"], "password": ADA["password"]},
        )
    assert caught.value.status_code == 401


async def test_token_is_no_api_key(face: Face, sdk: SDK) -> None:
    up = await face.do(sdk.authentication.auth_signup, ADA)
    with pytest.raises(errors.ErrorResponse) as caught:
        await face.do(face.sdk(up.token).cache.cache_get, {"key": "k"})
    assert (caught.value.status_code, caught.value.data.code) == (401, "AUTH_INVALID_KEY")
