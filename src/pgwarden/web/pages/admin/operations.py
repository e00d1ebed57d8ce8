"""What keeps pgwarden going: channels, health and metrics, jobs and messages that did not arrive."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.notification import Channel
from pgwarden.web.api.admin import operations as api
from pgwarden.web.problems import Problem, problem
from pgwarden.web.visitor import Inside, Visitor

router = APIRouter()

Verb = Annotated[str, Form(max_length=20)]
CHANNELS, HEALTH, JOBS = (f"/admin/{name}" for name in ("channels", "health", "jobs"))


@router.get(CHANNELS)
async def channels(request: Request, visitor: Inside) -> Response:
    """The ways to tell people."""
    return await _channels(request, visitor)


@router.post(f"{CHANNELS}/{{channel}}/test")
async def try_channel(request: Request, visitor: Inside, channel: Channel) -> Response:
    """Send oneself an example."""
    try:
        await api.try_channel(channel, visitor)
    except PgwardenError as error:
        return await _channels(request, visitor, trouble=problem(error))
    return await _channels(request, visitor, sent=channel.value)


@router.get(HEALTH)
async def health(request: Request, visitor: Inside) -> Response:
    """How the installation is doing, and what this process counted."""
    return visitor.door.templates.page(
        request,
        "admin/health.html",
        visitor=visitor,
        health=await api.read_health(visitor),
        metrics=await api.read_numbers(visitor),
    )


@router.get(JOBS)
async def jobs(request: Request, visitor: Inside) -> Response:
    """Work that waits, runs or failed, and messages that were given up."""
    return visitor.door.templates.page(
        request,
        "admin/jobs.html",
        visitor=visitor,
        state=await visitor.app.job_desk.state(by=visitor.admission),
        jobs=await api.list_jobs(visitor),
        dead=await api.list_dead(visitor),
    )


@router.post(f"{JOBS}/{{number}}")
async def job(visitor: Inside, number: api.JobNumber, verb: Verb) -> Response:
    """Let a failed job run again, or give it up."""
    await (api.discard_job if verb == "discard" else api.retry_job)(number, visitor)
    return RedirectResponse(JOBS, 303)


@router.post("/admin/dead-letters/{letter}")
async def letter(visitor: Inside, letter: str, verb: Verb) -> Response:
    """Try a message anew, or give it up."""
    await (api.discard_letter if verb == "discard" else api.retry_letter)(letter, visitor)
    return RedirectResponse(JOBS, 303)


async def _channels(request: Request, visitor: Visitor, *, sent: str = "", trouble: Problem | None = None) -> Response:
    return visitor.door.templates.page(
        request,
        "admin/channels.html",
        visitor=visitor,
        channels=await api.list_channels(visitor),
        sent=sent,
        trouble=trouble,
    )
