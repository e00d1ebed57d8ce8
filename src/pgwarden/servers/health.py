"""``/health``: whether this process lives, whether it can answer requests, and what is wrong. No secrets, no names."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pgwarden import __version__
from pgwarden.domain.errors import PgwardenError

if TYPE_CHECKING:
    from pgwarden.bootstrap import App

SECONDS = 3.0
"""How long one part may take to answer."""
LATE_SECONDS = 300.0
"""A job that has been due for so long: no worker does it."""


def health_routes(app: App) -> list[Route]:
    """``/health/live`` for whoever restarts it, ``/health/ready`` and ``/health`` for whoever sends it requests."""

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__})

    async def ready(_: Request) -> Response:
        wrong = {name: why for name, why in (("control", await _control(app)), ("cache", await _cache(app))) if why}
        if "control" not in wrong and (late := await _jobs(app)):
            wrong["jobs"] = late
        status = "unavailable" if "control" in wrong else "degraded" if wrong else "ok"
        told = {"status": status, "version": __version__, "wrong": wrong}
        return JSONResponse(told, status_code=503 if status == "unavailable" else 200)

    return [Route("/health/live", live), Route("/health/ready", ready), Route("/health", ready)]


async def _control(app: App) -> str:
    try:
        async with asyncio.timeout(SECONDS):
            await app.targets.all()
    except (PgwardenError, TimeoutError):
        return "the control database does not answer: nothing can be asked, approved or run"
    return ""


async def _cache(app: App) -> str:
    """One that is down behaves like an empty one."""
    if app.settings.redis_url is None:
        return ""
    try:
        async with asyncio.timeout(SECONDS):
            await app.cache.set("health", "here", seconds=5)
            if await app.cache.get("health") == "here":
                return ""
    except TimeoutError:
        pass
    return "the shared cache does not answer: answers are slower"


async def _jobs(app: App) -> str:
    try:
        async with asyncio.timeout(SECONDS):
            waited = await app.watching.oldest_due()
    except (PgwardenError, TimeoutError):
        return "the queue of jobs does not answer"
    if waited < LATE_SECONDS:
        return ""
    return f"a job is due for {waited:,.0f} seconds: timers and messages wait for a worker (pgwarden worker)"
