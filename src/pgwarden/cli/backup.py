"""``pgwarden backup`` and ``restore``: the control database as one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.audit_screen import show_verification
from pgwarden.cli.door import Json, open_app
from pgwarden.cli.render import console, emit_json

if TYPE_CHECKING:
    from pgwarden.bootstrap import App


def register(app: typer.Typer) -> None:
    app.command()(backup)
    app.command()(restore)


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; it will be readable for you alone.")],
    as_json: Json = False,
) -> None:
    """Write the whole control database, as of this moment, into one file.

    The audit's key is not in it: keep that elsewhere.
    """

    async def work(opened: App) -> int:
        return await opened.back_up(file)

    rows = open_app(work, scope=None)
    if as_json:
        emit_json({"file": str(file), "rows": rows})
    else:
        console().print(f"{rows:,} rows of the control database are in {file}.", markup=False)


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file of `pgwarden backup`.")],
    as_json: Json = False,
) -> None:
    """Bring a backup into an empty control database, all of it or nothing, and verify its audit.

    PGWARDEN_CONTROL_URL names that database; without it, it is the embedded one of a new PGWARDEN_HOME.
    """
    import asyncio

    from pgwarden.bootstrap import restore_control
    from pgwarden.settings import load

    rows, found = asyncio.run(restore_control(load(), file))
    if not as_json:
        console().print(f"{rows:,} rows were restored.")
    show_verification(found, (), as_json)
    if not found.intact:
        raise typer.Exit(1)
