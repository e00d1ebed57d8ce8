"""A read that is expected to be large: whoever sits at the terminal is asked, and ``--yes`` says so beforehand."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol, TypeVar

import typer

from pgwarden.domain.errors import NeedsConfirmation

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Run it, however large it is expected to be.")]


class Work(Protocol[T_co]):
    """What runs a read."""

    def __call__(self, *, confirmed: bool) -> Awaitable[T_co]: ...


def _agreed(words: str) -> bool:
    try:
        return typer.confirm(words)
    except typer.Abort:  # Ctrl-C at the question is a no, and ends nothing else
        return False


async def once_confirmed(work: Work[T], *, yes: bool, ask: Callable[[str], bool] = _agreed) -> T:
    """What the work gives. Raises NeedsConfirmation where nobody can be asked, or says no."""
    try:
        return await work(confirmed=yes)
    except NeedsConfirmation as error:
        if not (sys.stdin.isatty() and sys.stderr.isatty() and ask(f"{error.why} Run it all the same?")):
            raise
    return await work(confirmed=True)
