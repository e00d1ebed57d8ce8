"""The ledger of a database that cannot hold one: records and images in files, and the transaction number as witness.

A record is durable before the commit and names the transaction; whether that was committed, PostgreSQL is asked with
``pg_xact_status``. It answers for as long as it keeps the number, and only on the timeline where it ran.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Literal

from psycopg.conninfo import make_conninfo

from pgwarden.adapters.postgres.capture import image_relations
from pgwarden.adapters.postgres.ledger import Ledger, execution_of
from pgwarden.adapters.postgres.session import Session, open_session
from pgwarden.domain.approval import DatabaseIdentity
from pgwarden.domain.catalog import Name
from pgwarden.domain.errors import (
    AlreadyExecuted,
    OutcomeUnknown,
    StoreUnavailable,
    UndoImpossible,
)
from pgwarden.domain.execution import (
    Execution,
    ExecutionKind,
    Isolation,
    Parameter,
    StoredImages,
    TableImages,
)
from pgwarden.domain.execution_filter import ExecutionFilter, place
from pgwarden.domain.shape import TableShape
from pgwarden.ports import ImageStore
from pgwarden.undo.images import TEMPORARY, copied, empty_image_table, image_name, listed

EVERY = 2**31 - 1
"""More rows than there are."""
Outcome = Literal["committed", "aborted", "in progress", "unknown"]
Record = Mapping[str, Any]
MONEY = "set local lc_monetary = 'C'"
"""The one type whose text depends on more than what a session pins anyway."""


class ExternalLedger(Ledger):
    """Keeps what ``Ledger`` keeps, outside of the database. Reads what the database still has from earlier times."""

    space = TEMPORARY

    def __init__(self, session: Session, store: ImageStore) -> None:
        super().__init__(session)
        self._store = store
        self._draft: dict[str, Any] = {}
        self._loaded: list[str] = []

    async def ensure(self) -> None:
        """Refuses where not even temporary tables can be made, which hold the images until they are in files."""
        (row,) = await self._session.named("temporary")
        if not row["may_create"]:
            raise StoreUnavailable(
                "Before-images can be kept neither in this database nor in files.",
                why="the role may create no tables here, not even temporary ones",
                not_done="Nothing was run.",
                next_step="grant temporary on database … to this role.",
            )

    async def claim(
        self,
        *,
        id: str,  # noqa: A002 - as in the ledger
        kind: ExecutionKind,
        statement: str,
        parameters: Iterable[Parameter],
        seal: str,
        requested_by: str,
        approved_by: str,
        role: str,
        isolation: Isolation,
        undoes: str | None = None,
    ) -> None:
        """Take the id for this transaction; whoever else wants it waits. Refuses one that has run."""
        await self._session.named("claim_outside", {"id": id})
        database, _ = await self.identify()
        known = {record["id"]: record for record in await self._records()}
        if id in known:
            await self._refuse_second(known[id])
        (row,) = await self._session.named("witness")
        self._draft = {
            "id": id,
            "kind": kind.value,
            "statement": statement,
            "parameters": [asdict(parameter) for parameter in parameters],
            "seal": seal,
            "requested_by": requested_by,
            "approved_by": approved_by,
            "role": role,
            "isolation": isolation.value,
            "undoes": undoes,
            "undone_by": None,
            "database": asdict(database),
            "started_at": row["at"].isoformat(),
            "transaction": row["transaction"],
            "timeline": row["timeline"],
            "outcome": "in progress",
        }

    async def finish(
        self,
        id: str,  # noqa: A002
        tables: Iterable[TableImages],
        sequences: Mapping[str, int | None],
        skipped: int = 0,
    ) -> Execution:
        """Write images and record, durably, before the commit that follows."""
        kept = [await self._saved(id, table) for table in tables]
        for loaded in self._loaded:
            await self._session.script(f"drop table {loaded}")
        (row,) = await self._session.named("witness")
        started = datetime.fromisoformat(self._draft["started_at"])
        record = {
            **self._draft,
            "finished_at": row["at"].isoformat(),
            "milliseconds": (row["at"] - started).total_seconds() * 1000,
            "tables": [table.to_dict() for table in kept],
            "sequences": dict(sequences),
            "skipped": skipped,
        }
        await self._keep_number()
        await self._store.record(id, record)
        return self._execution(record, None)

    async def execution(self, id: str, *, lock: bool = False) -> Execution:  # noqa: A002
        if lock:
            await self._session.named("claim_outside", {"id": id})
        found = {execution.id: execution for execution in await self._executions()}
        if id in found:
            return found[id]
        if await self._has_tables():
            return _marked(await super().execution(id), await self._undos())
        raise UndoImpossible(f"This database has no execution {id}.", next_step="pgwarden executions lists them.")

    async def executions(self, rows: int = 50) -> tuple[Execution, ...]:
        found = await self._executions()
        if await self._has_tables():
            undos = await self._undos()
            found = (*found, *(_marked(e, undos) for e in await super().executions(rows)))
        return tuple(sorted(found, key=lambda execution: execution.started_at, reverse=True)[:rows])

    async def find(self, wanted: ExecutionFilter) -> tuple[Execution, ...]:
        """Files are not searched by an index: all that is known is looked through."""
        found = await self.executions(EVERY)
        last = place(await self.execution(wanted.older_than)) if wanted.older_than else None
        kept = [each for each in found if wanted.matches(each) and (last is None or place(each) < last)]
        return tuple(sorted(kept, key=place, reverse=True)[: wanted.limit])

    async def mark_undone(self, original: Execution) -> None:
        """Told by the records themselves: an execution is undone when an undo of it was committed."""

    async def collect(self, id: str) -> int:  # noqa: A002
        return await self._store.discard(id)

    async def load(self, id: str, table: TableImages, shape: TableShape) -> None:  # noqa: A002
        if not table.file:
            return
        stored = StoredImages(table.file, table.bytes, table.digest)
        target = f"{image_name(table)} ({listed((*table.columns, table.mark))})"
        await self._session.script(f"{MONEY}; {empty_image_table(shape, table)}")
        self._loaded.append(image_name(table))
        async with self._session.connection.cursor().copy(f"copy {target} from stdin".encode()) as copy:
            async for block in self._store.load(id, stored):
                await copy.write(block)

    async def outcome(self, id: str) -> Outcome:  # noqa: A002
        """What became of an execution; 'aborted' for one that never came to its commit."""
        for record in await self._records():
            if record["id"] == id:
                return await self._outcome(record)
        return "aborted"

    async def settle(self, id: str) -> None:  # noqa: A002
        """Note a commit that the server has confirmed, so that nobody needs to ask again."""
        for record in await self._records():
            if record["id"] == id:
                await self._store.record(id, {**record, "outcome": "committed"})

    async def _keep_number(self) -> None:
        """Have the server write down that this transaction's number is taken, by a commit of another connection.

        A crash could otherwise lose the number with the transaction, and give it to one that does commit.
        """
        info = self._session.connection.info
        async with open_session(make_conninfo(info.dsn, password=info.password)) as other:
            await other.run_script("flush")

    async def _refuse_second(self, record: Record) -> None:
        outcome = await self._outcome(record)
        if outcome == "committed":
            raise AlreadyExecuted(
                f"The execution {record['id']} has already run.",
                not_done="It was not run again.",
                next_step=f"pgwarden executions {record['id']} shows what it did.",
            )
        if outcome != "aborted":
            raise OutcomeUnknown(
                f"Nobody can say whether the execution {record['id']} has run.",
                why="the server no longer knows its transaction, or was restored since",
                not_done="It was not run again.",
                next_step="Compare the tables with its record, then ask for a new approval.",
            )

    async def _outcome(self, record: Record) -> Outcome:
        if record["outcome"] in ("committed", "aborted"):
            return "committed" if record["outcome"] == "committed" else "aborted"
        (row,) = await self._session.named("witness_now")
        if row["timeline"] != record["timeline"] or row["next"] <= record["transaction"]:
            return "unknown"
        status = await self._session.value(
            "select pg_catalog.pg_xact_status($1::text::xid8)", [str(record["transaction"])]
        )
        if status in ("committed", "aborted"):
            await self._store.record(record["id"], {**record, "outcome": status})
        outcomes: dict[str | None, Outcome] = {
            "committed": "committed",
            "aborted": "aborted",
            "in progress": "in progress",
        }
        return outcomes.get(status, "unknown")

    async def _records(self) -> tuple[Record, ...]:
        database, _ = await self.identify()
        return tuple(record for record in await self._store.records() if _is_of(record, database))

    async def _executions(self) -> tuple[Execution, ...]:
        """Every committed execution that the files know, each with the undo that is in force."""
        committed, undos = await self._committed(), await self._undos()
        return tuple(self._execution(record, undo_in_force(record["id"], undos)) for record in committed)

    async def _committed(self) -> list[Record]:
        return [record for record in await self._records() if await self._outcome(record) == "committed"]

    async def _undos(self) -> dict[str, str]:
        """Every committed undo, in files or in the database's own ledger, with what it took back."""
        own = await self._session.named("undos") if await self._has_tables() else ()
        return {record["id"]: record["undoes"] for record in (*own, *await self._committed()) if record["undoes"]}

    def _execution(self, record: Record, undone_by: str | None) -> Execution:
        times = {key: datetime.fromisoformat(record[key]) for key in ("started_at", "finished_at")}
        return replace(execution_of({**record, **times, "undone_by": undone_by}), files=self._store.place)

    async def _has_tables(self) -> bool:
        (row,) = await self._session.named("readable_ledger")
        return bool(row["readable"])

    async def _saved(self, id: str, table: TableImages) -> TableImages:  # noqa: A002
        await self._session.script(MONEY)
        stored = await self._store.save(id, table.images, self._copied(copied(table)))
        for part in await image_relations(self._session, [table.images]):
            kind = "view" if part["kind"] == "v" else "table"
            await self._session.script(f"drop {kind} {Name(TEMPORARY, part['name'])}")
        return replace(table, file=stored.file, bytes=stored.bytes, digest=stored.digest, changed=())

    async def _copied(self, source: str) -> AsyncIterator[bytes]:
        async with self._session.connection.cursor().copy(source.encode()) as copy:
            async for block in copy:
                yield bytes(block)


def _is_of(record: Record, database: DatabaseIdentity) -> bool:
    known = record["database"]
    return (known["system_identifier"], known["oid"]) == (database.system_identifier, database.oid)


def _marked(execution: Execution, undos: Mapping[str, str]) -> Execution:
    """An execution of the database's own ledger, with what only the files know of its undos."""
    return replace(execution, undone_by=undo_in_force(execution.id, undos))


def undo_in_force(id: str, undos: Mapping[str, str]) -> str | None:  # noqa: A002
    """The undo of an execution that was not itself undone, if any; ``undos`` tells what each undo took back."""
    own = [undo for undo, target in undos.items() if target == id]
    return next((undo for undo in own if undo_in_force(undo, undos) is None), None)
