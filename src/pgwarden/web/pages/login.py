"""The way in and out: password with its second factor, an identity provider, and the first password of one's own."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from pgwarden.domain.errors import PgwardenError, ProofNeeded, UnknownPage
from pgwarden.domain.login import LoginMethod
from pgwarden.domain.recovery_code import LONGEST
from pgwarden.web.api.session import Credentials, log_in
from pgwarden.web.cookies import (
    THEME_COOKIE,
    began_provider_login,
    forget_login,
    keep_login,
    keep_provider_login,
    keep_visit,
    visit_of,
)
from pgwarden.web.door import address_of, door_of, same, source_of
from pgwarden.web.visitor import Anybody, require_own_page

router = APIRouter()

Text = Annotated[str, Form(max_length=1024)]
PROVIDER_PATH = "/login/provider"


@router.get("/")
async def front() -> Response:
    """The page that people come for."""
    return RedirectResponse("/ask", 303)


@router.get("/login")
async def login_form(request: Request, next: str = "/ask") -> Response:  # noqa: A002 - the parameter's usual name
    """The form, bound to this browser."""
    return _form(request, next)


@router.post("/login")
async def login(
    request: Request,
    name: Text = "",
    password: Text = "",
    code: Text = "",
    next: Text = "/ask",  # noqa: A002 - the parameter's usual name
    csrf: Text = "",
) -> Response:
    """Log in and go on to where one wanted to be."""
    door = door_of(request)
    require_own_page(request, door)
    if not same(csrf, _visit_token(visit_of(request, door))):
        return _form(request, next, error="The form was too old. Try again.")
    try:
        opened = await log_in(request, Credentials(name=name[:200] or "?", password=password, code=code[:LONGEST]))
    except ProofNeeded:
        return _form(request, next, name=name, ask_code=True, error="Now a code of your second factor, too.")
    except PgwardenError as error:
        return _form(
            request, next, name=name, ask_code=bool(code), error=f"{error.what} {error.why}".strip(), status=401
        )
    answer = RedirectResponse("/password" if opened.must_change_password else _inside(next), 303)
    keep_login(answer, door, opened, datetime.now(UTC))
    return answer


@router.get(PROVIDER_PATH)
async def begin_provider(request: Request) -> Response:
    """Off to the identity provider."""
    door = door_of(request)
    if door.app.provider is None:
        raise UnknownPage("No identity provider is set up.", next_step="Log in with a password.")
    door.logins.require(address_of(request))
    door.logins.count(address_of(request))
    url = await door.app.provider.begin(f"{door.url}{PROVIDER_PATH}/back")
    answer = RedirectResponse(url, 303)
    keep_provider_login(answer, door, parse_qs(urlsplit(url).query)["state"][0])
    return answer


@router.get(f"{PROVIDER_PATH}/back")
async def finish_provider(request: Request) -> Response:
    """Back from there."""
    door = door_of(request)
    if door.app.provider is None:
        raise UnknownPage("No identity provider is set up.", next_step="Log in with a password.")
    if not began_provider_login(request, door, request.query_params.get("state", "")):
        return _form(request, "/ask", error="This browser began no such login. Begin it here.", status=401)
    try:
        opened = await door.app.provider.finish(dict(request.query_params), source_of(request))
    except PgwardenError as error:
        return _form(request, "/ask", error=f"{error.what} {error.why}".strip(), status=401)
    answer = RedirectResponse("/ask", 303)
    keep_login(answer, door, opened, datetime.now(UTC))
    return answer


@router.post("/logout")
async def logout(visitor: Anybody) -> Response:
    """Out, here and at the server."""
    await visitor.app.front_desk.log_out(visitor.admission, visitor.source)
    answer = RedirectResponse("/login", 303)
    forget_login(answer, visitor.door)
    return answer


@router.get("/password")
async def password_form(request: Request, visitor: Anybody) -> Response:
    """One's own password, the first one or another."""
    return visitor.door.templates.page(request, "pages/password.html", visitor=visitor, error="")


@router.post("/password")
async def set_password(request: Request, visitor: Anybody, old: Text = "", new: Text = "") -> Response:
    """Set it. Every other login of the account ends, and this one is renewed."""
    app, admission = visitor.app, visitor.admission
    try:
        await app.personnel.set_password(old, new, by=admission)
    except PgwardenError as error:
        told = f"{error.what} {error.why}".strip()
        return visitor.door.templates.page(request, "pages/password.html", status=422, visitor=visitor, error=told)
    assert admission.person is not None, "the password was proved"
    opened = await app.front_desk.open(admission.person, LoginMethod.PASSWORD, visitor.source)
    await app.front_desk.log_out(admission, visitor.source)
    answer = RedirectResponse("/ask", 303)
    keep_login(answer, visitor.door, opened, datetime.now(UTC))
    return answer


@router.post("/theme")
async def choose_theme(request: Request, visitor: Anybody, theme: Text = "") -> Response:
    """Light, dark, or as the system has it."""
    answer = RedirectResponse(_inside(request.headers.get("referer", "").removeprefix(visitor.door.url)), 303)
    answer.set_cookie(THEME_COOKIE, theme[:5], max_age=31_536_000, samesite="lax", secure=visitor.door.secure)
    return answer


def _form(
    request: Request, wanted: str, *, name: str = "", ask_code: bool = False, error: str = "", status: int = 200
) -> Response:
    door = door_of(request)
    visit = visit_of(request, door)
    answer = door.templates.page(
        request,
        "pages/login.html",
        status=status,
        token=_visit_token(visit),
        wanted=_inside(wanted),
        login_name=name,
        ask_code=ask_code,
        error=error,
        provider=PROVIDER_PATH if door.app.provider else "",
    )
    keep_visit(answer, door, visit)
    return answer


def _visit_token(visit: str) -> str:
    return hmac.new(visit.encode(), b"pgwarden login form", hashlib.sha256).hexdigest()


def _inside(path: str) -> str:
    """A path of this page; whatever leads elsewhere is the front."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if inside else "/ask"
