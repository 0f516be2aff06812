"""Jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from typing_extensions import NotRequired, TypedDict

from aerostack._model import BaseModel, CamelModel
from aerostack.models._open_enum import OpenEnum

__all__ = [
    "Job",
    "JobStatus",
    "QueueCancelJobRequestBody",
    "QueueCancelJobRequestBodyTypedDict",
    "QueueCancelJobResponseBody",
    "QueueEnqueueRequestBody",
    "QueueEnqueueRequestBodyTypedDict",
    "QueueEnqueueResponseBody",
    "QueueGetJobRequestBody",
    "QueueGetJobRequestBodyTypedDict",
    "QueueGetJobResponseBody",
    "QueueListJobsRequestBody",
    "QueueListJobsRequestBodyTypedDict",
    "QueueListJobsResponseBody",
]


class JobStatus(OpenEnum):
    """How far a job is."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class QueueEnqueueRequestBodyTypedDict(TypedDict):
    """A job to do."""

    type: str
    data: Any
    delay: NotRequired[int]


class QueueEnqueueRequestBody(BaseModel):
    """A job to do.

    Attributes:
        type: Which kind; says who does it.
        data: What to do it with, any JSON.
        delay: Seconds before it may begin.
    """

    type: str
    data: Any
    delay: int | None = None


class QueueEnqueueResponseBody(CamelModel):
    """The job's id."""

    job_id: str | None = None
    success: bool | None = None


class QueueGetJobRequestBodyTypedDict(TypedDict):
    """A job to look at."""

    job_id: str


class QueueGetJobRequestBody(CamelModel):
    """A job to look at."""

    job_id: str


class Job(CamelModel):
    """A job.

    Attributes:
        available_at: When it may begin, or be tried again.
        error: Why it failed, or has to be tried again.
        result: What its consumer answered, once it is completed.
    """

    id: str | None = None
    type: str | None = None
    data: Any = None
    status: JobStatus | None = None
    project_id: str | None = None
    created_at: datetime | None = None
    attempts: int | None = None
    available_at: datetime | None = None
    completed_at: datetime | None = None
    error: Any = None
    result: Any = None


class QueueGetJobResponseBody(BaseModel):
    """The job, ``None`` if there is none with this id; jobs are kept for 7 days."""

    job: Job | None = None
    exists: bool | None = None


class QueueListJobsRequestBodyTypedDict(TypedDict, total=False):
    """Which jobs to list."""

    status: JobStatus | str
    type: str
    limit: int
    cursor: str


class QueueListJobsRequestBody(BaseModel):
    """Which jobs to list.

    Attributes:
        status: Only those.
        type: Only those.
        limit: 1 to 200; 50 without it.
        cursor: From the page before.
    """

    status: JobStatus | None = None
    type: str | None = None
    limit: int | None = None
    cursor: str | None = None


class QueueListJobsResponseBody(BaseModel):
    """One page of jobs; ``cursor`` leads on unless the list is complete."""

    jobs: list[Job] | None = None
    list_complete: bool | None = None
    cursor: str | None = None


class QueueCancelJobRequestBodyTypedDict(TypedDict):
    """A job that need not be done."""

    job_id: str


class QueueCancelJobRequestBody(CamelModel):
    """A job that need not be done."""

    job_id: str


class QueueCancelJobResponseBody(BaseModel):
    """Whether it was cancelled; ``note`` says why not."""

    success: bool | None = None
    note: str | None = None
