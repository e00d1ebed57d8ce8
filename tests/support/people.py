"""A house with people in memory, a clock that is moved by hand, and passwords that are hashed quickly."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from argon2 import PasswordHasher

from pgwarden.adapters.passwords import ArgonPasswords
from pgwarden.agents.front_desk import FrontDesk
from pgwarden.agents.personnel import Personnel
from pgwarden.domain.admission import Admission
from pgwarden.domain.person import Person
from pgwarden.testing.people import MemoryLoginStore, MemoryPeople, MemoryPeopleStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "kites over nine oceans"


@cache
def quick_hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class PeopleHouse:
    """Front desk and personnel over the same people."""

    def __init__(self, *people: Person) -> None:
        self.now = NOON
        self.held = MemoryPeople(people)
        self.people, self.logins = MemoryPeopleStore(self.held), MemoryLoginStore(self.held)
        self.passwords = ArgonPasswords(quick_hasher)
        self.desk = FrontDesk(self.people, self.logins, self.passwords, lambda: self.now)
        self.personnel = Personnel(self.people, self.logins, self.passwords, lambda: self.now, "test")

    async def give_passwords(self, password: str = PASSWORD) -> None:
        for name in self.held.people:
            hashed = await self.passwords.hash(password)
            await self.logins.set_password(name, hashed, must_change=False, at=self.now, audit=())

    async def admitted(self, name: str, password: str = PASSWORD) -> Admission:
        """Somebody who has logged in."""
        opened = await self.desk.log_in(name, password, source="test")
        return await self.desk.admit_login(opened.secret, "test")

    def told(self) -> list[str]:
        return [entry.action for entry in self.held.audit]
