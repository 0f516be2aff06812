"""Hooks: see and change requests, answers and failures.

A hook is an object with one or more of four methods: ``sdk_init``, ``before_request``,
``after_success``, ``after_error``. Give them to ``SDK(hooks=[...])``, or register them with
``sdk.hooks`` later.
"""

from __future__ import annotations

from aerostack._hooks.registry import SDKHooks
from aerostack._hooks.types import (
    AfterErrorContext,
    AfterErrorHook,
    AfterSuccessContext,
    AfterSuccessHook,
    BeforeRequestContext,
    BeforeRequestHook,
    HookContext,
    SDKInitHook,
)

__all__ = [
    "AfterErrorContext",
    "AfterErrorHook",
    "AfterSuccessContext",
    "AfterSuccessHook",
    "BeforeRequestContext",
    "BeforeRequestHook",
    "HookContext",
    "SDKHooks",
    "SDKInitHook",
]
