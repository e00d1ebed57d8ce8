"""The cookies of a browser: its login, and what the login form's token is bound to before there is one."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from pgwarden.web.door import same
from pgwarden.web.visitor import LOGIN_COOKIE, VISIT_COOKIE

if TYPE_CHECKING:
    from pgwarden.agents.front_desk import OpenedLogin
    from pgwarden.web.door import Door

THEME_COOKIE = "theme"
PROVIDER_COOKIE = "provider"


def keep_login(response: Response, door: Door, opened: OpenedLogin, now: datetime) -> None:
    """From now on the browser acts for the account. No script can read the cookie, and no other site sends it along."""
    lasts = int((opened.login.expires_at - now).total_seconds())
    _keep(response, door, LOGIN_COOKIE, opened.secret, lasts)


def forget_login(response: Response, door: Door) -> None:
    """Take the login out of the browser."""
    response.delete_cookie(door.cookie(LOGIN_COOKIE), path="/", secure=door.secure, httponly=True, samesite="lax")


def visit_of(request: Request, door: Door) -> str:
    """What this browser was given before its login; a new one where there is none."""
    return request.cookies.get(door.cookie(VISIT_COOKIE), "") or secrets.token_urlsafe(32)


def keep_visit(response: Response, door: Door, visit: str) -> None:
    """Remember it for the time that a login form may lie open."""
    _keep(response, door, VISIT_COOKIE, visit, 3600)


def keep_provider_login(response: Response, door: Door, state: str) -> None:
    """Remember which login at the provider this browser began: no other browser finishes it."""
    _keep(response, door, PROVIDER_COOKIE, state, 600)


def began_provider_login(request: Request, door: Door, state: str) -> bool:
    """Whether this browser began the login at the provider that came back with that state."""
    begun = request.cookies.get(door.cookie(PROVIDER_COOKIE), "")
    return bool(begun) and same(state, begun)


def _keep(response: Response, door: Door, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        door.cookie(name), value, max_age=seconds, path="/", secure=door.secure, httponly=True, samesite="lax"
    )
