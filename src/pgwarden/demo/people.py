"""The people of the tour: real accounts, each with a login of their own, in a control database of the tour's own."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from pgwarden.domain.person import DIRECTOR, MANAGER, Person, Role

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.admission import Admission

SOURCE = "tour"
ASKS = Person("ana", full_name="Ana, who asks")
APPROVES = Person("dora", full_name="Dora, director", level=DIRECTOR, roles=frozenset({Role.REQUESTER, Role.APPROVER}))
OTHER = Person("max", full_name="Max, manager", level=MANAGER, roles=frozenset({Role.REQUESTER, Role.APPROVER}))


async def welcome(app: App) -> dict[str, Admission]:
    """Make the first administrator and the three others; who each of them is, proved by a password of their own."""
    first = await app.personnel.first_administrator()
    admitted = {"admin": await _settle_in(app, "admin", first)}
    for person in (ASKS, APPROVES, OTHER):
        one_time = await app.personnel.add(person, by=admitted["admin"])
        admitted[person.name] = await _settle_in(app, person.name, one_time)
    return admitted


async def _settle_in(app: App, name: str, one_time: str) -> Admission:
    """Log in with the one-time password, set one of one's own, and log in with that."""
    login = await app.front_desk.log_in(name, one_time, source=SOURCE)
    own = secrets.token_urlsafe(18)
    await app.personnel.set_password(one_time, own, by=await app.front_desk.admit_login(login.secret, SOURCE))
    login = await app.front_desk.log_in(name, own, source=SOURCE)
    return await app.front_desk.admit_login(login.secret, SOURCE)
