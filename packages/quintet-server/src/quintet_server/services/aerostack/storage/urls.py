"""URLs of objects: public as the vendor's are, or signed and good for a while.

A signature is HMAC-SHA256, by a secret of the database, over the project, the last second the URL
is good for, and the key: nobody can change one of them, or make a URL for another object.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from starlette.requests import Request

from quintet_server.services.aerostack.context import Aerostack
from quintet_server.services.aerostack.errors import forbidden
from quintet_server.services.aerostack.storage.keys import quoted

__all__ = ["EXPIRES_MAX_SECONDS", "check_url", "path_of", "url_of"]

EXPIRES_MAX_SECONDS = 7 * 86_400
_PATH = "/cdn/projects"


def path_of(project_id: str, key: str) -> str:
    """Where an object is served, below the mount."""
    return f"{_PATH}/{project_id}/{quoted(key)}"


def url_of(
    parts: Aerostack,
    request: Request,
    project_id: str,
    key: str,
    *,
    expires_in: int | None = None,
) -> str:
    """The address of an object, whether there is one or not.

    Signed when the operator wants all URLs signed, or when the caller names the seconds it is to
    work. It begins with the setting `public_url`, or with the address that this request used.
    """
    origin = parts.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
    url = f"{origin.rstrip('/')}{request.app.state.service.mount}{path_of(project_id, key)}"
    if expires_in is None and parts.settings.object_urls == "public":
        return url
    seconds = expires_in or parts.settings.object_url_seconds
    expires = str(int(parts.clock.now()) + seconds)
    return f"{url}?expires={expires}&signature={_signature(parts, project_id, expires, key)}"


def check_url(parts: Aerostack, request: Request, project_id: str, key: str) -> None:
    """Raise 403 unless this URL may be used now.

    A signature that is there must hold, even where none is needed: whoever hands out a URL for an
    hour means an hour.
    """
    expires, signature = (request.query_params.get(name) for name in ("expires", "signature"))
    if expires is None and signature is None:
        if parts.settings.object_urls == "signed":
            raise forbidden("URLs of objects must be signed here: ask for one.", "URL_UNSIGNED")
        return
    expected = _signature(parts, project_id, expires or "", key)
    if not hmac.compare_digest((signature or "").encode(), expected.encode()):
        raise forbidden("The signature does not belong to this URL.", "URL_SIGNATURE_INVALID")
    if int(expires or 0) < parts.clock.now():
        raise forbidden("This URL has expired: ask for a new one.", "URL_EXPIRED")


def _signature(parts: Aerostack, project_id: str, expires: str, key: str) -> str:
    signed = f"{project_id}\n{expires}\n{key}".encode("utf-8", "surrogatepass")
    digest = hmac.digest(parts.objects.signing_secret, signed, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
