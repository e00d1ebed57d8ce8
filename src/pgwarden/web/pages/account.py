"""One's own account: logins that are open, how one proves oneself, and how one likes answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from pgwarden.domain.user_preferences import CHOICES, MEANINGS
from pgwarden.web.api.preferences import Changes, change_preferences, read_preferences
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
        preferences=await read_preferences(visitor),
        choices=CHOICES,
        meanings=MEANINGS,
    )


@router.post("/account/preferences")
async def prefer(request: Request, visitor: Inside) -> Response:
    """Set what the form holds; an empty field gives the preference back."""
    form = await request.form()
    changes = {name: str(form[name]).strip() or None for name in MEANINGS if name in form}
    await change_preferences(Changes(changes), visitor)
    return RedirectResponse("/account", 303)


@router.post("/account/logins")
async def end_login(visitor: Inside, login: Annotated[str, Form(max_length=100)]) -> Response:
    """End one of one's own logins, wherever it is open."""
    await visitor.app.front_desk.end_login(login, visitor.admission, visitor.source)
    return RedirectResponse("/account", 303)
