# Generated from amdahl/_async/artifacts.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.artifacts``: what agents and people made, with its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from amdahl import _wire as wire
from amdahl._arguments import given, stated, version_segment
from amdahl._shapes import opened, shape_artifact
from amdahl._sync.calls import Resource
from amdahl._sync.pager import Pager, list_all
from quintet.options import UNSET, Unset

if TYPE_CHECKING:
    from amdahl.types import Artifact, ArtifactList, ArtifactVersion


class Artifacts(Resource):
    """Artifacts of the key's workspace."""

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        offset: int | None = None,
        status: str | None = None,
        artifact_type: str | None = None,
        session_id: str | None = None,
        q: str | None = None,
        timeout: float | None = None,
    ) -> ArtifactList:
        """Return one page of artifacts, newest first; :meth:`iter` walks them all.

        Args:
            limit: 1 to 200; the service's default is 50.
            cursor: ``next_cursor`` of the page before.
            offset: Artifacts to skip; not with ``cursor``.
            status: ``"draft"``, ``"saved"`` or ``"archived"``.
            artifact_type: Such as ``"research_report"``.
            session_id: Only those of this session or run.
            q: Words of the title.
            timeout: Seconds for one attempt of this call.
        """
        query = given(
            limit=limit,
            cursor=cursor,
            offset=offset,
            status=status,
            artifact_type=artifact_type,
            session_id=session_id,
            q=q,
        )
        found = self._calls.page(
            wire.LIST_ARTIFACTS, key="artifacts", shape=shape_artifact, query=query, timeout=timeout
        )
        return cast("ArtifactList", found)

    def iter(
        self,
        *,
        status: str | None = None,
        artifact_type: str | None = None,
        session_id: str | None = None,
        q: str | None = None,
        limit: int | None = 100,
        timeout: float | None = None,
    ) -> Pager[Artifact]:
        """Return all artifacts, fetched as they are needed; see :meth:`list`."""
        return list_all(
            self._calls,
            wire.LIST_ARTIFACTS,
            key="artifacts",
            shape=shape_artifact,
            status=status,
            artifact_type=artifact_type,
            session_id=session_id,
            q=q,
            limit=limit,
            timeout=timeout,
        )

    def get(self, artifact_id: str, *, timeout: float | None = None) -> Artifact:
        """Return an artifact with its content.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = self._calls.answer(
            wire.GET_ARTIFACT, path={"artifact_id": artifact_id}, timeout=timeout
        )
        return _artifact(found)

    def create(
        self,
        artifact_type: str,
        title: str,
        content_json: Mapping[str, Any],
        *,
        status: str | None = None,
        session_id: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Artifact:
        """Make an artifact and return it.

        Args:
            artifact_type: Such as ``"content_piece"``.
            title: For people.
            content_json: Its content.
            status: ``"draft"`` or ``"saved"``; the service's default if omitted.
            session_id: The session or run that it belongs to.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.
        """
        body = given(
            artifact_type=artifact_type,
            title=title,
            content_json=dict(content_json),
            status=status,
            session_id=session_id,
        )
        found = self._calls.answer(
            wire.CREATE_ARTIFACT, json=body, idempotency_key=idempotency_key, timeout=timeout
        )
        return _artifact(found)

    def update(
        self,
        artifact_id: str,
        *,
        title: str | Unset = UNSET,
        content_json: Mapping[str, Any] | Unset = UNSET,
        status: str | Unset = UNSET,
        change_summary: str | None = None,
        expected_version: int | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Artifact:
        """Change an artifact and return it; what is omitted stays.

        Args:
            artifact_id: What to change.
            title: For people.
            content_json: The whole content; makes a new version.
            status: ``"draft"``, ``"saved"`` or ``"archived"``.
            change_summary: What is new in the version.
            expected_version: Change it only if this is its version.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            ConflictError: The version is another; ``current_version`` says which.
            NotFoundError: There is none with this id.
        """
        patch = stated(title=title, content_json=content_json, status=status)
        patch.update(given(change_summary=change_summary, expected_version=expected_version))
        found = self._calls.answer(
            wire.UPDATE_ARTIFACT,
            path={"artifact_id": artifact_id},
            json=patch,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return _artifact(found)

    def delete(
        self, artifact_id: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete an artifact.

        Raises:
            NotFoundError: There is none with this id.
        """
        self._calls.value(
            wire.DELETE_ARTIFACT,
            path={"artifact_id": artifact_id},
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    def iter_versions(
        self, artifact_id: str, *, limit: int | None = 100, timeout: float | None = None
    ) -> Pager[ArtifactVersion]:
        """Return the versions of an artifact, newest first.

        Args:
            artifact_id: Whose.
            limit: Versions per request.
            timeout: Seconds for one attempt of each request.
        """
        return list_all(
            self._calls,
            wire.LIST_ARTIFACT_VERSIONS,
            key="versions",
            path={"artifact_id": artifact_id},
            limit=limit,
            timeout=timeout,
        )

    def get_version(
        self, artifact_id: str, version: int, *, timeout: float | None = None
    ) -> ArtifactVersion:
        """Return what an artifact was in one of its versions.

        Raises:
            NotFoundError: There is no such artifact, or no such version of it.
        """
        path = {"artifact_id": artifact_id, "version": version_segment(version)}
        found = self._calls.answer(wire.GET_ARTIFACT_VERSION, path=path, timeout=timeout)
        return cast("ArtifactVersion", opened(found, "version"))


def _artifact(found: dict[str, Any]) -> Artifact:
    inner = opened(found, "artifact")
    shape_artifact(inner)
    return cast("Artifact", inner)
