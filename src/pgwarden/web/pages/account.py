"""One's own account: logins that are open, and how one proves oneself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from pgwarden.web.api.session import list_sessions, read_session
from pgwarden.web.visitor import Inside

router = APIRouter()


@router.get("/account")
async def account(request: Request, visitor: Inside) -> Response:
    """Who one is here, and where one is logged in."""
    return visitor.door.templates.page(
        request,
        "pages/account.html",
        visitor=visitor,
        me=await read_session(visitor),
        logins=await list_sessions(visitor),
    )


@router.post("/account/logins")
async def end_login(visitor: Inside, login: Annotated[str, Form(max_length=100)]) -> Response:
    """End one of one's own logins, wherever it is open."""
    await visitor.app.front_desk.end_login(login, visitor.admission, visitor.source)
    return RedirectResponse("/account", 303)
