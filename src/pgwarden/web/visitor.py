"""Who is behind a request: a login's cookie or a bearer token, admitted anew each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from pgwarden.domain.admission import Admission
from pgwarden.domain.errors import LoginNeeded, RequestRefused, TokenInvalid
from pgwarden.domain.identity import Identity
from pgwarden.domain.login import Scope
from pgwarden.domain.person import Person
from pgwarden.web.door import Door, address_of, door_of, page_token, same, source_of

if TYPE_CHECKING:
    from pgwarden.bootstrap import App

LOGIN_COOKIE = "login"
VISIT_COOKIE = "visit"
"""Of somebody who has not logged in: what the form's token is bound to."""
TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105 - the name of a header
TOKEN_FIELD = "csrf"  # noqa: S105 - the name of a form's field
FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BY_TOKEN = HTTPBearer(scheme_name="token", description="`pgwarden token create`", auto_error=False)
_BY_LOGIN = APIKeyCookie(
    name=f"pgwarden-{LOGIN_COOKIE}",
    scheme_name="login",
    description="A browser's, from `POST /session`; under https its name begins with `__Host-`. "
    f"Every change carries `{TOKEN_HEADER}` as well, which `GET /session` tells.",
    auto_error=False,
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who was let in, for the length of one request."""

    door: Door
    admission: Admission
    source: str
    """The door and the address, for the audit."""
    csrf: str = ""
    """What this session's pages send with every change; '' with a bearer token, which no page sends by itself."""

    @property
    def app(self) -> App:
        return self.door.app

    @property
    def identity(self) -> Identity:
        return self.admission.identity

    @property
    def account(self) -> str:
        """Whose requests are counted together: a token's, else those of all logins of a person."""
        return self.identity.token or self.identity.name

    @property
    def person(self) -> Person:
        """The account. Raises LoginNeeded while its login only serves to set a password."""
        return self.admission.require_login()

    def require(self, scope: Scope) -> None:
        """Raises RightMissing when the token was not made for that."""
        self.admission.require(scope)

    async def database(self, name: str | None, scope: Scope = Scope.ASK) -> str:
        """The registered database that is meant, when this visitor may use it for that (UnknownDatabase, RightMissing).

        None is the only one, or the one called default.
        """
        self.require(scope)
        chosen = await self.app.targets.choose(name or None)
        self.admission.require_database(chosen)
        return chosen


async def anybody(
    request: Request, _token: Annotated[object, Depends(_BY_TOKEN)], _login: Annotated[object, Depends(_BY_LOGIN)]
) -> Visitor:
    """Whoever has a login or a token, also one that must set a password first. Raises LoginNeeded, TokenInvalid.

    The two dependencies are for the API's description alone; what they found is looked at here, as the door needs it.
    """
    door, source = door_of(request), source_of(request)
    bearer = request.headers.get("authorization", "")
    secret = request.cookies.get(door.cookie(LOGIN_COOKIE), "")
    desk = door.app.front_desk
    try:
        if bearer:
            door.logins.require(address_of(request))
            return Visitor(door, await desk.admit_token(_bearer(bearer), source), source)
        if secret:
            require_own_page(request, door)
            await require_page_token(request, secret)
            return Visitor(door, await desk.admit_login(secret, source), source, page_token(secret))
    except TokenInvalid:
        door.logins.count(address_of(request))
        raise
    raise LoginNeeded(
        "This needs a login.",
        why="The request has no login and no token.",
        not_done="Nothing was done.",
        next_step="Log in, or send a token: Authorization: Bearer pgw_…",
    )


Anybody = Annotated[Visitor, Depends(anybody)]


async def visitor(found: Anybody) -> Visitor:
    """Whoever has logged in with a password of their own, or sends a token, and has requests left (TooManyAttempts)."""
    found.admission.require_login()
    found.door.limits.accounts.take(found.account)
    return found


Inside = Annotated[Visitor, Depends(visitor)]
"""What a handler asks for: ``async def tickets(visitor: Inside) -> …``."""


async def asker(found: Inside) -> Visitor:
    """The same, with questions left (TooManyAttempts): what costs a database is counted besides."""
    found.door.limits.questions.take(found.account)
    return found


Asking = Annotated[Visitor, Depends(asker)]


def require_own_page(request: Request, door: Door) -> None:
    """A change with a cookie comes from a page of this door (RequestRefused): browsers say where from."""
    if request.method in SAFE:
        return
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if (origin is not None and not door.knows_origin(origin)) or site in ("cross-site", "same-site"):
        raise _foreign(f"It comes from {origin or 'another site'}.")


async def require_page_token(request: Request, secret: str) -> None:
    """A change with a cookie carries the page's token, in a header or in a form's field (RequestRefused)."""
    if request.method in SAFE:
        return
    given = request.headers.get(TOKEN_HEADER, "")
    kind = request.headers.get("content-type", "")
    if not given and kind.startswith(FORMS):
        given = str((await request.form()).get(TOKEN_FIELD, ""))
    if not same(given, page_token(secret)):
        raise _foreign("It does not carry the token of this session's pages.")


def _foreign(why: str) -> RequestRefused:
    return RequestRefused(
        "The request does not come from pgwarden's own page.",
        why=why,
        not_done="Nothing was done.",
        next_step="Load the page again and repeat it there; a program sends a token instead of a cookie.",
    )


def _bearer(header: str) -> str:
    kind, _, secret = header.partition(" ")
    if kind.lower() != "bearer":
        raise TokenInvalid(
            "The Authorization header holds no bearer token.",
            not_done="Nothing was done.",
            next_step="Authorization: Bearer pgw_…",
        )
    return secret.strip()
