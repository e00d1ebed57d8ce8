"""How one likes answers."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import RootModel

from pgwarden.domain.login import Scope
from pgwarden.web.visitor import Inside

router = APIRouter(tags=["preferences"])


class Changes(RootModel[dict[str, str | None]]):
    """Preferences by name with their values; null gives one back."""


@router.get("/preferences")
async def read_preferences(visitor: Inside) -> dict[str, str]:
    """Your own: output, chart, units, numbers, dates and zone."""
    visitor.require(Scope.ASK)
    return asdict(await visitor.app.memory.preferences(identity=visitor.identity))


@router.patch("/preferences")
async def change_preferences(changes: Changes, visitor: Inside) -> dict[str, str]:
    """Set some and give some back; what holds now. A name or value that there is not changes nothing."""
    visitor.require(Scope.ASK)
    return asdict(await visitor.app.memory.prefer(changes.root, identity=visitor.identity))
