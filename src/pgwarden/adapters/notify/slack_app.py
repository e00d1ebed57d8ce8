"""The small web application that Slack sends people's presses to, to be mounted where pgwarden is served."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from pgwarden.adapters.notify.slack_interactions import LONGEST_BODY, SlackInteractions
from pgwarden.domain.errors import DeliveryFailed, DeliveryRefused, InteractionRefused

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response


def slack_app(interactions: SlackInteractions, clock: Callable[[], datetime]) -> Starlette:
    """``POST /interactions``: 200 for what was taken, 401 for what is not proven, 413 for what is too long."""
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    async def interact(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_BODY:
                return Response(status_code=413)
        try:
            reply = await interactions.handle(bytes(body), request.headers, clock())
        except InteractionRefused as error:
            structlog.get_logger().warning("a request in Slack's name was refused", why=error.why or error.what)
            return Response(status_code=401)
        except (DeliveryFailed, DeliveryRefused) as error:  # the dialog could not be opened; pressing again helps
            structlog.get_logger().warning("Slack did not open the dialog", why=error.why)
            return Response(status_code=503)
        return Response(status_code=reply.status) if reply.body is None else JSONResponse(dict(reply.body))

    return Starlette(routes=[Route("/interactions", interact, methods=["POST"])])
