"""Every number of the object engine, each a variable `QUINTET_OBJECTS_...`."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["ObjectSettings"]


class ObjectSettings(BaseSettings):
    """Settings of the group `objects`."""

    model_config = SettingsConfigDict(env_prefix="QUINTET_OBJECTS_", extra="ignore", frozen=True)

    url: str | None = Field(
        default=None,
        description="Where the bytes of objects are: s3://BUCKET/PREFIX, gs://..., az://..., "
        "file:///FOLDER or memory:/// (credentials come from the provider's own variables); "
        "unset: a folder in the data directory.",
    )
    block_bytes: int = Field(
        default=1024 * 1024,
        ge=64 * 1024,
        description="Bytes are read and written in blocks of this size; a transfer holds a few.",
    )
    part_bytes: int = Field(
        default=8 * 1024 * 1024,
        ge=5 * 1024 * 1024,
        description="Size of the parts of an upload to S3 and the like, which take no smaller.",
    )
    threads_max_count: int = Field(
        default=8, ge=1, description="Threads that read, check and flush files."
    )
    garbage_grace_seconds: float = Field(
        default=3600.0,
        ge=0,
        description="Replaced and deleted bytes are kept this long, for downloads under way.",
    )
    upload_silence_seconds: float = Field(
        default=20.0,
        gt=0,
        description="An upload is given up this long after its process was last seen.",
    )
    sweep_period_seconds: float = Field(
        default=5.0,
        gt=0,
        description="How often uploads show that they live, and what is left over is looked for.",
    )
    sweep_max_count: int = Field(
        default=200, ge=1, description="Most blobs deleted in one transaction."
    )
