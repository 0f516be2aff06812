"""The hooks of one SDK, in the order of their registration."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from aerostack._hooks.types import (
    AfterErrorContext,
    AfterErrorHook,
    AfterSuccessContext,
    AfterSuccessHook,
    BeforeRequestContext,
    BeforeRequestHook,
    SDKInitHook,
)

if TYPE_CHECKING:
    import httpx

    from aerostack.httpclient import HttpClient


class SDKHooks:
    """Registers hooks and runs them, each on what the one before it returned."""

    def __init__(self) -> None:
        self.sdk_init_hooks: list[SDKInitHook] = []
        self.before_request_hooks: list[BeforeRequestHook] = []
        self.after_success_hooks: list[AfterSuccessHook] = []
        self.after_error_hooks: list[AfterErrorHook] = []

    def register(self, hook: Any) -> None:
        """Register an object for every interface that it has.

        Raises:
            TypeError: It has none of them.
        """
        known = False
        if isinstance(hook, SDKInitHook):
            self.sdk_init_hooks.append(hook)
            known = True
        if isinstance(hook, BeforeRequestHook):
            self.before_request_hooks.append(hook)
            known = True
        if isinstance(hook, AfterSuccessHook):
            self.after_success_hooks.append(hook)
            known = True
        if isinstance(hook, AfterErrorHook):
            self.after_error_hooks.append(hook)
            known = True
        if not known:
            raise TypeError(
                f"{type(hook).__name__} is no hook: it has none of sdk_init, before_request, "
                "after_success, after_error"
            )

    def register_sdk_init_hook(self, hook: SDKInitHook) -> None:
        """Register a hook that runs while an SDK is built; later it has no effect."""
        self.sdk_init_hooks.append(hook)

    def register_before_request_hook(self, hook: BeforeRequestHook) -> None:
        """Register a hook that runs before each attempt."""
        self.before_request_hooks.append(hook)

    def register_after_success_hook(self, hook: AfterSuccessHook) -> None:
        """Register a hook that runs when a call has succeeded."""
        self.after_success_hooks.append(hook)

    def register_after_error_hook(self, hook: AfterErrorHook) -> None:
        """Register a hook that runs after each attempt that failed."""
        self.after_error_hooks.append(hook)

    def sdk_init(self, base_url: str, client: HttpClient | None) -> tuple[str, HttpClient | None]:
        """Run the hooks of the beginning."""
        for hook in self.sdk_init_hooks:
            base_url, client = hook.sdk_init(base_url, client)
        return base_url, client

    def before_request(
        self, hook_ctx: BeforeRequestContext, request: httpx.Request
    ) -> httpx.Request:
        """Run the hooks before an attempt; raises what one of them returns as an exception."""
        for hook in self.before_request_hooks:
            request = _unless_error(hook.before_request(hook_ctx, request))
            _check_has(request, "headers", hook, "before_request", "the request")
        return request

    def after_success(
        self, hook_ctx: AfterSuccessContext, response: httpx.Response
    ) -> httpx.Response:
        """Run the hooks after a success; raises what one of them returns as an exception."""
        for hook in self.after_success_hooks:
            response = _unless_error(hook.after_success(hook_ctx, response))
            _check_has(response, "status_code", hook, "after_success", "the response")
        return response

    def after_error(
        self,
        hook_ctx: AfterErrorContext,
        response: httpx.Response | None,
        error: Exception | None,
    ) -> tuple[httpx.Response | None, Exception | None]:
        """Run the hooks after a failed attempt; raises what one returns as a lone exception."""
        for hook in self.after_error_hooks:
            pair = _unless_error(hook.after_error(hook_ctx, response, error))
            if not isinstance(pair, tuple) or len(pair) != 2:
                raise _wrong(hook, "after_error", "a response or None, and an error or None", pair)
            response, error = pair
        return response, error


def _unless_error(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


def _check_has(value: Any, attribute: str, hook: Any, method: str, wanted: str) -> None:
    if not hasattr(value, attribute):
        raise _wrong(hook, method, wanted, value)


def _wrong(hook: Any, method: str, wanted: str, value: Any) -> TypeError:
    if isinstance(value, Coroutine):
        value.close()  # hooks are plain functions; nobody awaits it
    return TypeError(
        f"{method}() of {type(hook).__name__} must return {wanted}, not {type(value).__name__}"
    )
