"""What keeps pgwarden going: channels, health, metrics, jobs, and messages that did not arrive."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from pgwarden.domain.job import JobRecord, JobState
from pgwarden.domain.login import Scope
from pgwarden.domain.metric_text import read_metrics
from pgwarden.domain.notification import Channel, Letter
from pgwarden.domain.person import Role
from pgwarden.web.api.admin.databases import FindingAnswer, finding_answer
from pgwarden.web.api.admin.models import Tried
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter(tags=["administration"])

JobNumber = Annotated[int, Path(ge=1, le=2**62)]
Limit = Annotated[int, Query(ge=1, le=500)]


class ChannelAnswer(BaseModel):
    """A way to tell people."""

    channel: Channel
    set_up: bool


class JobAnswer(BaseModel):
    """A piece of work."""

    id: int
    task: str
    state: str = Field(description="`waiting`, `running`, `done`, `failed` or `discarded`.")
    at: datetime | None
    attempts: int
    args: dict[str, Any]


class DeadAnswer(BaseModel):
    """A message that was given up."""

    id: str
    person: str
    channel: str
    kind: str
    ticket: str
    attempts: int
    error: str


class HealthAnswer(BaseModel):
    """How the installation is doing."""

    well: bool
    findings: list[FindingAnswer]


class SampleAnswer(BaseModel):
    """One number."""

    labels: str
    value: float


class MetricAnswer(BaseModel):
    """One metric; of a histogram its sum and count."""

    name: str
    help: str
    samples: list[SampleAnswer]


@router.get("/admin/channels")
async def list_channels(visitor: Inside) -> list[ChannelAnswer]:
    """The ways to tell people, and which are set up."""
    _administrator(visitor)
    return [ChannelAnswer(channel=each, set_up=each in visitor.app.channels) for each in Channel]


@router.post("/admin/channels/{channel}/test")
async def try_channel(channel: Channel, visitor: Inside) -> Tried:
    """Send yourself an example. ChannelMissing, DeliveryFailed, DeliveryRefused."""
    await visitor.app.notification_desk.test(visitor.admission, channel)
    return Tried(answers=True)


@router.get("/admin/jobs")
async def list_jobs(
    visitor: Inside,
    state: Annotated[list[JobState] | None, Query(description="Those that wait, run or failed without.")] = None,
    limit: Limit = 50,
) -> list[JobAnswer]:
    """Work, newest first."""
    states = state or [JobState.WAITING, JobState.RUNNING, JobState.FAILED]
    return [_job(each) for each in await visitor.app.job_desk.find(*states, by=visitor.admission, limit=limit)]


@router.post("/admin/jobs/{number}/retry", status_code=204)
async def retry_job(number: JobNumber, visitor: Inside) -> None:
    """Let a failed job run again."""
    await visitor.app.job_desk.retry(number, by=visitor.admission, source=visitor.source)


@router.delete("/admin/jobs/{number}", status_code=204)
async def discard_job(number: JobNumber, visitor: Inside) -> None:
    """Give a failed job up for good."""
    await visitor.app.job_desk.discard(number, by=visitor.admission, source=visitor.source)


@router.get("/admin/dead-letters")
async def list_dead(visitor: Inside, limit: Limit = 50) -> list[DeadAnswer]:
    """Messages that were given up, with the reason, newest first."""
    return [_dead(each) for each in await visitor.app.notification_desk.dead(visitor.admission, limit=limit)]


@router.post("/admin/dead-letters/{letter}/retry", status_code=204)
async def retry_letter(letter: Annotated[str, Path(max_length=200)], visitor: Inside) -> None:
    """Try it anew."""
    await visitor.app.notification_desk.retry(visitor.admission, [letter])


@router.delete("/admin/dead-letters/{letter}", status_code=204)
async def discard_letter(letter: Annotated[str, Path(max_length=200)], visitor: Inside) -> None:
    """Give it up for good: it is no longer listed."""
    await visitor.app.notification_desk.discard(visitor.admission, [letter])


@router.get("/admin/health")
async def read_health(visitor: Inside) -> HealthAnswer:
    """The control database, the audit, the queue, and every target, looked at now."""
    found = await visitor.app.health_desk.look(by=visitor.admission)
    return HealthAnswer(
        well=found.well,
        findings=[finding_answer(each) for each in found.findings],
    )


@router.get("/admin/metrics")
async def read_numbers(visitor: Inside) -> list[MetricAnswer]:
    """What this process counted since it was started; `/metrics` has the same for Prometheus."""
    _administrator(visitor)
    return [
        MetricAnswer(
            name=each.name,
            help=each.help,
            samples=[SampleAnswer(labels=labels, value=value) for labels, value in each.samples],
        )
        for each in read_metrics(visitor.app.metrics.exposition().decode())
    ]


def _administrator(visitor: Visitor) -> None:
    visitor.admission.require(Scope.ADMIN, Role.ADMIN)


def _job(job: JobRecord) -> JobAnswer:
    return JobAnswer(
        id=job.id,
        task=job.task,
        state=job.state.name.lower(),
        at=job.at,
        attempts=job.attempts,
        args=dict(job.args),
    )


def _dead(letter: Letter) -> DeadAnswer:
    return DeadAnswer(
        id=letter.delivery.id,
        person=letter.delivery.person,
        channel=letter.delivery.channel.value,
        kind=letter.notification.kind.value,
        ticket=letter.notification.summary.ticket,
        attempts=letter.delivery.attempts,
        error=letter.delivery.error,
    )
