"""Which databases one may use."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pgwarden.domain.login import Scope
from pgwarden.web.visitor import Inside

router = APIRouter(tags=["databases"])


class DatabaseAnswer(BaseModel):
    """A registered database, without how it is reached."""

    name: str
    owner: str
    notes: str
    allow_writes: bool = Field(description="Whether approved changes may run there.")


@router.get("/databases")
async def list_databases(visitor: Inside) -> list[DatabaseAnswer]:
    """Those that this login or token may use, in the order of names."""
    visitor.require(Scope.ASK)
    usable = visitor.admission.databases
    found = [database for database in await visitor.app.targets.all() if {"*", database.name} & usable]
    return [
        DatabaseAnswer(name=each.name, owner=each.owner, notes=each.notes, allow_writes=each.allow_writes)
        for each in sorted(found, key=lambda database: database.name)
    ]
