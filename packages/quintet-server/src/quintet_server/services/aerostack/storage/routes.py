"""The storage room: its endpoints, its streams, and the paths that need no key."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from quintet_server.services.aerostack.endpoints import Endpoint
from quintet_server.services.aerostack.storage import model, objects
from quintet_server.services.aerostack.storage.uploading import storage_upload

__all__ = ["ENDPOINTS", "PUBLIC_PREFIXES", "ROUTES"]

_SCOPE = "storage"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        path="/storage/get",
        handler=objects.storage_get,
        operation_id="storageGet",
        summary="Fetch an object",
        scope=_SCOPE,
        request=model.ObjectKey,
        description="Answers the bytes with the stored content type. Range and the conditional "
        "headers work as on the object's URL.",
    ),
    Endpoint(
        path="/storage/getUrl",
        handler=objects.storage_get_url,
        operation_id="storageGetUrl",
        summary="Get the URL of an object",
        scope=_SCOPE,
        request=model.ObjectUrl,
        response=model.Url,
        description="With `expiresIn` (seconds, at most a week) the URL is signed and expires.",
    ),
    Endpoint(
        path="/storage/list",
        handler=objects.storage_list,
        operation_id="storageList",
        summary="List objects",
        scope=_SCOPE,
        request=model.ObjectList,
        response=model.Listed,
    ),
    Endpoint(
        path="/storage/delete",
        handler=objects.storage_delete,
        operation_id="storageDelete",
        summary="Delete an object",
        scope=_SCOPE,
        request=model.ObjectKey,
        response=model.Done,
    ),
    Endpoint(
        path="/storage/exists",
        handler=objects.storage_exists,
        operation_id="storageExists",
        summary="Look whether an object exists",
        scope=_SCOPE,
        request=model.ObjectKey,
        response=model.Exists,
    ),
    Endpoint(
        path="/storage/getMetadata",
        handler=objects.storage_get_metadata,
        operation_id="storageGetMetadata",
        summary="Get what is known of an object",
        scope=_SCOPE,
        request=model.ObjectKey,
        response=model.Metadata,
    ),
    Endpoint(
        path="/storage/copy",
        handler=objects.storage_copy,
        operation_id="storageCopy",
        summary="Copy an object",
        scope=_SCOPE,
        request=model.TwoKeys,
        response=model.Placed,
    ),
    Endpoint(
        path="/storage/move",
        handler=objects.storage_move,
        operation_id="storageMove",
        summary="Move an object",
        scope=_SCOPE,
        request=model.TwoKeys,
        response=model.Placed,
    ),
)
ROUTES: tuple[BaseRoute, ...] = (
    Route("/storage/upload", storage_upload, methods=["POST"]),
    Route("/cdn/projects/{project_id}/{key:path}", objects.object_at_url, methods=["GET"]),
)
PUBLIC_PREFIXES = ("/cdn/",)
