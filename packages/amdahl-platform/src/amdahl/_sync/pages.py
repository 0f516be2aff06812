# Generated from amdahl/_async/pages.py by tools/async_to_sync; edit the source and run scripts/fix.
"""``client.pages``: making, changing, showing and archiving pages."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast

from amdahl import _wire as wire
from amdahl._arguments import given, mapping, names, objects, required, stated, version_segment
from amdahl._shapes import canonical_queries, canonical_spec
from amdahl._sync.calls import Resource
from amdahl._sync.pager import Pager, list_all
from amdahl.errors import MisuseError
from quintet.options import UNSET, Unset

if TYPE_CHECKING:
    from amdahl.types import (
        EmbedToken,
        Page,
        PageList,
        PageSummary,
        PageVersion,
        Rendering,
        Template,
        Verdict,
    )


class Pages(Resource):
    """Pages of the key's workspace. :mod:`amdahl.page` builds what goes into one."""

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        offset: int | None = None,
        status: str | None = None,
        q: str | None = None,
        tags: Iterable[str] | None = None,
        created_at_gte: str | None = None,
        created_at_lte: str | None = None,
        updated_at_gte: str | None = None,
        updated_at_lte: str | None = None,
        timeout: float | None = None,
    ) -> PageList:
        """Return one page of the list, newest first; :meth:`iter` walks it all.

        Args:
            limit: 1 to 200; the service's default is 50.
            cursor: ``next_cursor`` of the page before.
            offset: Pages to skip; not with ``cursor``.
            status: Only those in this state; archived ones come only when asked for.
            q: Words of the name.
            tags: Only those that have all of these.
            created_at_gte: RFC 3339; not before this.
            created_at_lte: RFC 3339; not after this.
            updated_at_gte: RFC 3339; not changed before this.
            updated_at_lte: RFC 3339; not changed after this.
            timeout: Seconds for one attempt of this call.
        """
        query = given(
            limit=limit,
            cursor=cursor,
            offset=offset,
            status=status,
            q=q,
            tags=names("tags", tags),
            created_at_gte=created_at_gte,
            created_at_lte=created_at_lte,
            updated_at_gte=updated_at_gte,
            updated_at_lte=updated_at_lte,
        )
        found = self._calls.page(wire.LIST_PAGES, query=query, timeout=timeout)
        return cast("PageList", found)

    def iter(
        self,
        *,
        status: str | None = None,
        q: str | None = None,
        tags: Iterable[str] | None = None,
        created_at_gte: str | None = None,
        created_at_lte: str | None = None,
        updated_at_gte: str | None = None,
        updated_at_lte: str | None = None,
        limit: int | None = 100,
        timeout: float | None = None,
    ) -> Pager[PageSummary]:
        """Return all pages, fetched as they are needed.

        Args:
            status: Only those in this state; archived ones come only when asked for.
            q: Words of the name.
            tags: Only those that have all of these.
            created_at_gte: RFC 3339; not before this.
            created_at_lte: RFC 3339; not after this.
            updated_at_gte: RFC 3339; not changed before this.
            updated_at_lte: RFC 3339; not changed after this.
            limit: Pages per request.
            timeout: Seconds for one attempt of each request.
        """
        return list_all(
            self._calls,
            wire.LIST_PAGES,
            status=status,
            q=q,
            tags=names("tags", tags),
            created_at_gte=created_at_gte,
            created_at_lte=created_at_lte,
            updated_at_gte=updated_at_gte,
            updated_at_lte=updated_at_lte,
            limit=limit,
            timeout=timeout,
        )

    def get(self, page_id: str, *, timeout: float | None = None) -> Page:
        """Return a page with its spec and queries, archived or not.

        Raises:
            NotFoundError: There is none with this id.
        """
        found = self._calls.answer(wire.GET_PAGE, path={"page_id": page_id}, timeout=timeout)
        return cast("Page", found)

    def create(
        self,
        name: str,
        spec: Mapping[str, Any] | Unset = UNSET,
        *,
        declared_queries: Sequence[Mapping[str, Any]] | None = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        page_grants: Iterable[str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Page:
        """Make a page, a draft at first, and return it.

        Args:
            name: 1 to 200 characters.
            spec: ``{"version": 1, "root": node}``; a node alone is made the root. Every page
                has one; what :func:`amdahl.page.page` returns is given as ``create(**page)``.
            declared_queries: The queries that the spec refers to; one with ``sql`` and no
                ``source`` is of the source ``"sql"``.
            description: For people.
            tags: At most 20, of at most 50 characters.
            page_grants: Roles that may see it; all may if omitted.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            MisuseError: There is no ``spec``, or ``name`` is a whole page.
            InvalidSpecError: The page does not pass the verifier; ``verdict`` has every reason.
        """
        if isinstance(name, Mapping) or isinstance(spec, Unset):
            raise MisuseError(message=_whole(name))
        body = given(
            name=name,
            spec=spec,
            declared_queries=declared_queries,
            description=description,
            tags=names("tags", tags),
            page_grants=names("page_grants", page_grants),
        )
        return self.create_from(body, idempotency_key=idempotency_key, timeout=timeout)

    def create_from(
        self,
        payload: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Page:
        """Make a page of a whole body, as :func:`amdahl.page.page` returns one.

        Raises:
            InvalidSpecError: The page does not pass the verifier; ``verdict`` has every reason.
        """
        found = self._calls.answer(
            wire.CREATE_PAGE,
            json=_canonical(payload),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("Page", found)

    def update(
        self,
        page_id: str,
        *,
        name: str | Unset = UNSET,
        spec: Mapping[str, Any] | Unset = UNSET,
        declared_queries: Sequence[Mapping[str, Any]] | Unset = UNSET,
        description: str | None | Unset = UNSET,
        tags: Sequence[str] | Unset = UNSET,
        status: str | Unset = UNSET,
        page_grants: Sequence[str] | None | Unset = UNSET,
        expected_version: int | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Page:
        """Change a page and return it; what is omitted stays, lists and the spec change as a whole.

        Args:
            page_id: What to change.
            name: 1 to 200 characters.
            spec: The whole spec.
            declared_queries: All queries.
            description: ``None`` takes it away.
            tags: All tags.
            status: ``"published"`` publishes it, ``"draft"`` takes it back or out of the archive.
            page_grants: Roles that may see it; ``None`` for all.
            expected_version: Change it only if this is its version.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            ConflictError: The version is another (``current_version``), or it is archived.
            InvalidSpecError: The page would not pass the verifier.
            NotFoundError: There is none with this id.
        """
        patch = stated(
            name=name,
            spec=spec,
            declared_queries=declared_queries,
            description=description,
            tags=tags,
            status=status,
            page_grants=page_grants,
        )
        patch.update(given(expected_version=expected_version))
        return self.update_from(page_id, patch, idempotency_key=idempotency_key, timeout=timeout)

    def update_from(
        self,
        page_id: str,
        patch: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Page:
        """Change a page by a whole body of changes; see :meth:`update`."""
        found = self._calls.answer(
            wire.UPDATE_PAGE,
            path={"page_id": page_id},
            json=_canonical(patch),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("Page", found)

    def publish(self, page_id: str, *, timeout: float | None = None) -> Page:
        """Publish a draft and return it."""
        return self.update(page_id, status="published", timeout=timeout)

    def archive(
        self, page_id: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Archive a page: lists and embeds do not show it, and nothing is lost.

        Raises:
            NotFoundError: There is none with this id, or it is archived already.
        """
        self._calls.value(
            wire.ARCHIVE_PAGE,
            path={"page_id": page_id},
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    def unarchive(self, page_id: str, *, timeout: float | None = None) -> Page:
        """Take a page out of the archive, as a draft, and return it."""
        return self.update(page_id, status="draft", timeout=timeout)

    def hard_delete(
        self, page_id: str, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Delete a page with its history. There is no way back; needs ``pages:delete``.

        Raises:
            NotFoundError: There is none with this id.
        """
        self._calls.value(
            wire.HARD_DELETE_PAGE,
            path={"page_id": page_id},
            json={},
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    def validate(
        self,
        spec: Mapping[str, Any],
        declared_queries: Sequence[Mapping[str, Any]] = (),
        *,
        timeout: float | None = None,
    ) -> Verdict:
        """Return what the verifier says of a page, without making it."""
        body = {"spec": spec, "declared_queries": objects("declared_queries", declared_queries)}
        found = self._calls.answer(wire.VALIDATE_PAGE, json=_canonical(body), timeout=timeout)
        return cast("Verdict", found)

    def render(
        self,
        page_id: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> Rendering:
        """Run a page's queries and return their rows, and the spec with them in place.

        A query that fails says so in its own ``error``; the others are not affected.

        Args:
            page_id: What to render.
            params: Values of the parameters that its queries declare.
            timeout: Seconds for one attempt of this call.

        Raises:
            ConflictError: The page is archived.
        """
        body = {"params": mapping("params", params) or {}}
        found = self._calls.answer(
            wire.RENDER_PAGE, path={"page_id": page_id}, json=body, timeout=timeout
        )
        return cast("Rendering", found)

    def render_html(
        self,
        page_id: str,
        params: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> str:
        """Render a page as a document without scripts that stands alone; see :meth:`render`."""
        response = self._calls.request(
            wire.RENDER_PAGE,
            {
                "path": {"page_id": page_id},
                "json": {"params": mapping("params", params) or {}},
                "headers": {"Accept": "text/html"},
                "timeout": timeout,
            },
        )
        return response.text()

    def iter_versions(
        self, page_id: str, *, limit: int | None = 100, timeout: float | None = None
    ) -> Pager[PageVersion]:
        """Return the versions of a page, newest first.

        Args:
            page_id: Whose.
            limit: Versions per request.
            timeout: Seconds for one attempt of each request.
        """
        return list_all(
            self._calls,
            wire.LIST_PAGE_VERSIONS,
            key="versions",
            path={"page_id": page_id},
            limit=limit,
            timeout=timeout,
        )

    def get_version(
        self, page_id: str, version: int, *, timeout: float | None = None
    ) -> PageVersion:
        """Return what a page was in one of its versions.

        Raises:
            NotFoundError: There is no such page, or no such version of it.
        """
        path = {"page_id": page_id, "version": version_segment(version)}
        found = self._calls.answer(wire.GET_PAGE_VERSION, path=path, timeout=timeout)
        return cast("PageVersion", found)

    def restore(
        self,
        page_id: str,
        version: int,
        *,
        expected_version: int | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Page:
        """Make an old version the newest, as a version of its own, and return the page.

        Args:
            page_id: What to change.
            version: The version to go back to.
            expected_version: Do it only if this is the page's version.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.

        Raises:
            ConflictError: The version is another; ``current_version`` says which.
            NotFoundError: There is no such page, or no such version of it.
        """
        found = self._calls.answer(
            wire.RESTORE_PAGE,
            path={"page_id": page_id},
            json=given(version=version, expected_version=expected_version),
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("Page", found)

    def templates(self, *, timeout: float | None = None) -> builtins.list[Template]:
        """Return the pages to begin with, the same for everybody."""
        found = self._calls.page(wire.LIST_TEMPLATES, key="templates", timeout=timeout)
        return cast("list[Template]", found["items"])

    def template(self, slug: str, *, timeout: float | None = None) -> Template:
        """Return one page to begin with.

        Raises:
            NotFoundError: There is none of this name.
        """
        found = self._calls.answer(wire.GET_TEMPLATE, path={"slug": slug}, timeout=timeout)
        return cast("Template", found)

    def embed_token(
        self,
        page_id: str,
        audience: Literal["self", "workspace", "public"],
        *,
        ttl_seconds: int | None = None,
        rules: Mapping[str, Any] | None = None,
        origins: Iterable[str] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> EmbedToken:
        """Make a token with which a page can be shown elsewhere.

        Args:
            page_id: What to show.
            audience: To whom; all but ``"self"`` need the role of an administrator.
            ttl_seconds: For how long, 60 to 86 400; the service's default is 3600.
            rules: Limits of what is shown.
            origins: Sites that may frame it.
            idempotency_key: A key of your own for this write.
            timeout: Seconds for one attempt of this call.
        """
        body = given(
            audience=audience,
            ttl_seconds=ttl_seconds,
            rules=mapping("rules", rules),
            origins=names("origins", origins),
        )
        found = self._calls.answer(
            wire.EMBED_TOKEN,
            path={"page_id": page_id},
            json=body,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )
        return cast("EmbedToken", found)

    def rotate_embed_secret(
        self, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> None:
        """Replace the workspace's secret of embeds: every token made before shows nothing more."""
        self._calls.value(
            wire.ROTATE_EMBED_SECRET, json={}, idempotency_key=idempotency_key, timeout=timeout
        )


def _whole(name: object) -> str:
    """What is wrong with a page that came without its spec beside it."""
    if isinstance(name, Mapping):
        return "name is a whole page: unpack it, create(**page), or call create_from(page)"
    return "a page needs a spec beside its name; a whole page is given as create(**page)"


def _canonical(payload: Mapping[str, Any]) -> dict[str, Any]:
    body = required("the page", payload)
    if "spec" in body:
        body["spec"] = canonical_spec(body["spec"])
    if "declared_queries" in body:
        body["declared_queries"] = canonical_queries(body["declared_queries"])
    return body
