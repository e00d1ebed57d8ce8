"""A token of a service account, made the way an administrator makes it."""

from __future__ import annotations

from datetime import timedelta

from pgwarden.bootstrap import App
from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.person import Person, Role


async def token_with(app: App, *scopes: str) -> str:
    """The secret of a token with these scopes, of the account ``scraper``."""
    password = await app.personnel.first_administrator()
    opened = await app.front_desk.log_in("admin", password, source="test")
    by = await app.front_desk.admit_login(opened.secret, "test")
    await app.personnel.set_password(password, "a long enough password", by=by)
    by = await app.front_desk.admit_login(opened.secret, "test")
    await app.personnel.add(
        Person("scraper", kind=IdentityKind.SERVICE, roles=frozenset({Role.REQUESTER, Role.AUDITOR})), by=by
    )
    made = await app.personnel.make_token(
        "scraper", "test", scopes=frozenset(scopes), databases=frozenset({"*"}), lifetime=timedelta(days=1), by=by
    )
    return made.secret
