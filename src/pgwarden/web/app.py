"""The page and its API as one ASGI application: everything below the address of a pgwarden but its MCP servers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from pgwarden import __version__
from pgwarden.domain.errors import InputInvalid, LoginNeeded, PgwardenError, TokenInvalid, UnknownPage
from pgwarden.web.api import (
    ask,
    audit,
    databases,
    delegations,
    executions,
    news,
    people,
    preferences,
    questions,
    queue,
    queue_news,
    reads,
    reports,
    rules,
    running,
    schema,
    session,
    tickets,
    tokens,
)
from pgwarden.web.api.admin import NOUNS as ADMIN_NOUNS
from pgwarden.web.assets import Assets
from pgwarden.web.cookies import THEME_COOKIE
from pgwarden.web.door import Door, door_of
from pgwarden.web.guard import Guard
from pgwarden.web.pages import (
    account,
    api_docs,
    ask_page,
    audit_page,
    executions_page,
    login,
    questions_page,
    report_page,
    rules_page,
    schema_page,
    tickets_page,
)
from pgwarden.web.pages.admin import PAGES as ADMIN_PAGES
from pgwarden.web.problems import problem, problem_response, responses
from pgwarden.web.rate_limit import RateLimits
from pgwarden.web.templates import Templates

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from pgwarden.bootstrap import App

API = "/api/v1"
NOUNS = (
    session,
    preferences,
    databases,
    ask,
    questions,
    reads,
    schema,
    queue,
    queue_news,
    tickets,
    news,
    running,
    executions,
    audit,
    people,
    tokens,
    delegations,
    reports,
    rules,
    *ADMIN_NOUNS,
)
"""The API, a router each."""
PAGES = (
    login,
    ask_page,
    questions_page,
    schema_page,
    tickets_page,
    executions_page,
    audit_page,
    report_page,
    account,
    api_docs,
    rules_page,
    *ADMIN_PAGES,
)
DESCRIPTION = """Everything that the page does, for programs. Send a token: `Authorization: Bearer pgw_…`
(`pgwarden token create`). What the token's account and scopes do not allow is refused below this door."""
_log = logging.getLogger(__name__)


def page_app(app: App, url: str) -> ASGIApp:
    """The application of one pgwarden as browsers reach it at ``url`` (scheme, host and port)."""
    assets = Assets()
    settings = app.settings
    limits = RateLimits.of(
        addresses=settings.web_address_per_minute,
        accounts=settings.web_account_per_minute,
        questions=settings.web_questions_per_minute,
    )
    door = Door(app, url.rstrip("/"), assets, Templates(assets, THEME_COOKIE), limits)
    house = FastAPI(
        title="pgwarden",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    house.state.door = door
    for noun in NOUNS:
        house.include_router(noun.router, prefix=API, responses=responses())
    for page in PAGES:
        house.include_router(page.router, include_in_schema=False)
    house.add_route("/static/{version}/{name:path}", assets.serve, methods=["GET"], include_in_schema=False)
    house.add_exception_handler(PgwardenError, _told)
    house.add_exception_handler(RequestValidationError, _told)
    house.add_exception_handler(ValidationError, _told)
    house.add_exception_handler(HTTPException, _told)
    house.add_exception_handler(Exception, _told)
    return Guard(house, door)


async def _told(request: Request, error: Exception) -> Response:
    """An error as its reader expects it: a problem for programs, a page for people, the way in for who must log in."""
    known = _known(error)
    path = request.url.path
    if path.startswith(API) or "text/html" not in request.headers.get("accept", ""):
        answer: Response = problem_response(known, status=_status(error))
        if isinstance(error, HTTPException):
            answer.headers.update(error.headers or {})
        return answer
    if isinstance(known, LoginNeeded | TokenInvalid) and request.method == "GET":
        where = "/password" if "password of your own" in known.what else f"/login?next={quote(path)}"
        return RedirectResponse(where, 303)
    trouble = problem(known, status=_status(error))
    return door_of(request).templates.page(request, "pages/error.html", trouble=trouble)


def _status(error: Exception) -> int | None:
    """The status that the framework has for an error, such as 405; None where pgwarden's own word counts."""
    return error.status_code if isinstance(error, HTTPException) else None


def _known(error: Exception) -> PgwardenError:
    if isinstance(error, PgwardenError):
        return error
    if isinstance(error, RequestValidationError | ValidationError):
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        return InputInvalid(
            "The request is not of the form that this takes.",
            why=wrong,
            not_done="Nothing was done.",
            next_step=f"{API}/openapi.json describes it.",
        )
    if isinstance(error, HTTPException):
        what = "There is nothing at that address." if error.status_code == 404 else str(error.detail)
        return UnknownPage(what, next_step="Go on from the navigation.")
    _log.error("a request failed", exc_info=error)
    return PgwardenError("pgwarden failed at this.", not_done="It is not known.", next_step="See its log.")
