"""Bodies of the queue's requests and answers."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

from quintet_server.services.aerostack.endpoints import Body

Status = Literal["queued", "processing", "completed", "failed", "cancelled"]

TYPE_MAX_CHARS = 255
JOB_ID_MAX_CHARS = 200
PAGE_MAX_COUNT = 200


def check_type(text: str) -> str:
    """Return a job type that can be stored and read; raises ValueError otherwise."""
    if not text.strip():
        raise ValueError("must not be empty")
    if len(text) > TYPE_MAX_CHARS:
        raise ValueError(f"must have at most {TYPE_MAX_CHARS} characters")
    if not text.isprintable():
        raise ValueError("must not contain control characters")
    return text


class QueueEnqueue(Body):
    """A new job."""

    type: str = Field(examples=["email.send"])
    data: Any = Field(examples=[{"to": "ada@example.com"}])
    delay: int | None = Field(default=None, ge=0, examples=[60])

    @field_validator("type")
    @classmethod
    def _can_be_stored(cls, text: str) -> str:
        return check_type(text)


class JobNamed(Body):
    """One job."""

    job_id: str = Field(min_length=1, max_length=JOB_ID_MAX_CHARS)


class QueueJobs(Body):
    """Which jobs to list."""

    status: Status | None = None
    type: str | None = Field(default=None, min_length=1, max_length=TYPE_MAX_CHARS)
    limit: int = Field(default=50, ge=1, le=PAGE_MAX_COUNT)
    cursor: str | None = None


class Answer(BaseModel):
    """Base of what is answered."""

    model_config = ConfigDict(alias_generator=to_camel)


class QueueEnqueued(Answer):
    """The job is on disk."""

    job_id: str
    success: bool


class QueueJob(Answer):
    """A job as its project sees it."""

    id: str
    type: str
    data: Any
    status: Status
    project_id: str
    created_at: str
    attempts: int
    available_at: str
    completed_at: str | None
    error: str | None
    result: Any


class QueueJobFound(Answer):
    """A job, or that there is none."""

    job: QueueJob | None
    exists: bool


class QueueJobPage(BaseModel):
    """Jobs, newest first."""

    jobs: list[QueueJob]
    list_complete: bool
    cursor: str | None = None


class QueueCancelled(Answer):
    """Whether the job will not run; `note` says why not."""

    success: bool
    note: str | None = None
