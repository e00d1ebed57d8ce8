"""Whether a reader may see what a statement would show, and which of its columns are masked for that reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from pgwarden.domain.catalog import Catalog, Column, Relation, quote_identifier
from pgwarden.domain.errors import RightMissing
from pgwarden.domain.identity import Access, DataRights
from pgwarden.domain.statement import Verdict

WHOLE_ROW = 0
"""The column number that stands for all columns together."""


class Sensitivity(Protocol):
    """Whether a column is known or suspected to hold personal or secret data."""

    def __call__(self, catalog: Catalog, relation_oid: int, column: int) -> bool: ...


class ReadAccess:
    """The data rights of one reader, joined with one verdict."""

    def __init__(
        self, database: str, verdict: Verdict, catalog: Catalog, rights: DataRights, sensitive: Sensitivity
    ) -> None:
        """``database``: the registered name, which data rights speak of."""
        self._database = database
        self._verdict = verdict
        self._catalog = catalog
        self._rights = rights
        self._sensitive = sensitive
        self._known: dict[tuple[int, int], Access] = {}

    def masked(self) -> frozenset[int]:
        """Positions of the output columns whose values this reader must not see.

        Raises RightMissing when a column may not be read at all, when a masked one decides what comes out (its
        values could be guessed one condition at a time), and when the database role lacks a right of its own.
        """
        for oid in sorted(self._verdict.reads):
            self._require_some_column(oid)
        for oid, number in sorted(self._verdict.conditions):
            for access, name in self._accesses(oid, number):
                if access is not Access.READ:
                    raise _condition_withheld(name) if access is Access.MASKED else _denied(name)
        masked = set()
        for position, output in enumerate(self._verdict.outputs):
            for oid, number in sorted(output.lineage):
                for access, name in self._accesses(oid, number):
                    if access is Access.DENY:
                        raise _denied(name)
                    if access is Access.MASKED:
                        masked.add(position)
        self._require_role_rights()
        return frozenset(masked)

    def _require_some_column(self, oid: int) -> None:
        """As in PostgreSQL, even counting rows takes the right to read at least one column."""
        relation = self._relation(oid)
        if relation.columns:
            readable = any(self._on(relation, column) is not Access.DENY for column in relation.columns)
        else:
            of_table = self._rights.on(self._database, *relation.name, "", sensitive=False)
            readable = of_table is not Access.DENY
        if not readable:
            raise _denied(str(relation.name))

    def _accesses(self, oid: int, number: int) -> Iterator[tuple[Access, str]]:
        """The access to a column, or to all of them for a whole row; system columns such as ctid hold no data."""
        relation = self._relation(oid)
        if number < WHOLE_ROW:
            return
        columns: Iterable[Column | None] = relation.columns if number == WHOLE_ROW else (relation.column_at(number),)
        for column in columns:
            if column is None:
                raise _denied(f"a column of {relation.name}")
            yield self._on(relation, column), f"{relation.name}.{column.name}"

    def _on(self, relation: Relation, column: Column) -> Access:
        place = relation.oid, column.number
        if place not in self._known:
            sensitive = self._sensitive(self._catalog, *place)
            self._known[place] = self._rights.on(self._database, *relation.name, column.name, sensitive=sensitive)
        return self._known[place]

    def _relation(self, oid: int) -> Relation:
        relation = self._catalog.relations.get(oid)
        if relation is None:
            raise _denied(f"relation {oid}")
        return relation

    def _require_role_rights(self) -> None:
        """Check the database role's own rights where it reads directly; behind views and functions that run with
        their owner's rights only the server knows, and it checks."""
        functions = self._catalog.functions
        if any(oid in functions and functions[oid].security_definer for oid in self._verdict.functions):
            return
        behind = self._behind_views()
        used = self._verdict.conditions.union(*(output.lineage for output in self._verdict.outputs))
        for oid in sorted(self._verdict.reads - behind):
            relation = self._relation(oid)
            if not relation.selectable:
                raise _role_lacks(self._catalog.role, relation)
        for oid, number in sorted(used):
            relation = self._relation(oid)
            column = relation.column_at(number)
            if oid not in behind and column is not None and not column.selectable:
                raise _role_lacks(self._catalog.role, relation, column)

    def _behind_views(self) -> set[int]:
        found: set[int] = set()
        waiting = [oid for oid in self._verdict.reads if self._relation(oid).kind in "vm"]
        while waiting:
            relation = self._catalog.relations.get(waiting.pop())
            new = set(relation.reads) - found if relation else set()
            found |= new
            waiting += new
        return found


def _denied(name: str) -> RightMissing:
    return RightMissing(
        f"You may not read {name}.",
        why="No data right of yours covers it, or one denies it.",
        not_done="The statement was not run.",
        next_step="Leave it out, or ask whoever keeps the data rights.",
    )


def _condition_withheld(name: str) -> RightMissing:
    return RightMissing(
        f"{name} is masked for you, and the statement filters, joins, groups or sorts by it.",
        why="Its values could be found out one condition at a time.",
        not_done="The statement was not run.",
        next_step="Use another column, or ask whoever keeps the data rights for the right to read it.",
    )


def _role_lacks(role: str, relation: Relation, column: Column | None = None) -> RightMissing:
    name = f"{relation.name}.{column.name}" if column else relation.name
    of = f" ({quote_identifier(column.name)})" if column else ""
    return RightMissing(
        f'The database role "{role}" may not read {name}.',
        why="It was not granted SELECT there.",
        not_done="The statement was not run.",
        next_step=f"Leave it out, or its owner can: GRANT SELECT{of} ON {relation.name} TO {quote_identifier(role)};",
    )
