"""A process that executes and undoes the same change again and again until it is killed. Prints each step it takes."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.support.change import perform, take_back

from pgwarden.adapters.postgres.image_files import ImageFiles
from pgwarden.domain.errors import PgwardenError
from pgwarden.domain.execution import RowCounts

STATEMENT = "update account set amount = amount + 1"


async def main(database: str, rows: int, store: ImageFiles | None) -> None:
    while True:
        execution = await perform(
            database, STATEMENT, {"account": RowCounts(updated=rows), "entry": RowCounts(inserted=1)}, store=store
        )
        sys.stdout.write(f"executed {execution.id}\n")
        sys.stdout.flush()
        undone = await take_back(database, execution, store=store)
        sys.stdout.write(f"undone {undone.id}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    try:
        directory = sys.argv[3:]
        asyncio.run(main(sys.argv[1], int(sys.argv[2]), ImageFiles(Path(directory[0])) if directory else None))
    except PgwardenError as error:  # the server was killed: that is the point
        sys.stdout.write(f"ended {error.code}\n")
