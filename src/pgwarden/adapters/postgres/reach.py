"""What a change can reach, from the structure alone: events on tables, columns that change, tables without numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.domain.statement import StatementKind
from pgwarden.sql.change import ChangeSet
from pgwarden.undo.closure import Effect, closure, root


class Reach:
    """The reach of one statement, whose changes go to ``targets``, one for each."""

    def __init__(self, catalog: Catalog, changes: ChangeSet, targets: Sequence[Relation]) -> None:
        self._catalog = catalog
        self._pairs = tuple(zip(changes.changes, targets, strict=True))
        self.closure = closure(catalog, self._effects())
        """What foreign keys carry on."""
        self.inserting = tuple(t.oid for change, t in self._pairs if change.kind is StatementKind.INSERT)
        """Tables that rows are inserted into, one for each of the changes that do."""

    def events(self) -> dict[int, frozenset[str]]:
        """What happens to each table; a partition's triggers fire for rows that come through its root."""
        events: dict[int, set[str]] = {}
        for effect in self.closure.effects:
            for member in self._catalog.partition_tree(effect.relation):
                events.setdefault(member.oid, set()).add("DELETE" if effect.deletes else "UPDATE")
        for oid in self.inserting:
            for member in self._catalog.partition_tree(oid):
                events.setdefault(member.oid, set()).add("INSERT")
        return {oid: frozenset(happening) for oid, happening in events.items()}

    def view_events(self) -> list[tuple[int, str]]:
        """The same for the views through which tables are changed."""
        return [
            (oid, change.kind.value) for change, _ in self._pairs for oid in (change.view.views if change.view else ())
        ]

    def assigned(self) -> dict[int, frozenset[str]]:
        """The columns that the statement itself assigns, by table."""
        found: dict[int, frozenset[str]] = {}
        for change, target in self._pairs:
            found[target.oid] = found.get(target.oid, frozenset()) | frozenset(change.columns)
        return found

    def changing(self) -> dict[int, frozenset[str]]:
        """The same with what foreign keys set."""
        found = dict(self.assigned())
        for effect in self.closure.effects:
            for member in self._catalog.partition_tree(effect.relation):
                found[member.oid] = found.get(member.oid, frozenset()) | effect.columns
        return found

    def tables(self, written: Sequence[int]) -> tuple[int, ...]:
        """Root tables of everything that the statement, foreign keys and ``written``, by triggers and rules, reach."""
        oids = [*self.closure.relations, *self.inserting, *written]
        return tuple(sorted({root(self._catalog, oid) for oid in oids}))

    def inheriting(self) -> set[int]:
        """Tables whose rows are counted under the table they inherit from: which has how many is not told apart."""
        heirs, found = self._catalog.heirs, set[int]()
        waiting = [oid for oid in (*self.closure.relations, *self.inserting) if oid in heirs]
        while waiting:
            oid = waiting.pop()
            if oid not in found:
                found.add(oid)
                waiting += (relation.oid for relation in heirs.get(oid, ()))
        return found

    def moving(self) -> set[int]:
        """Partitions whose rows an UPDATE may send to another one."""
        found = set[int]()
        for effect in self.closure.effects:
            tree = list(self._catalog.partition_tree(effect.relation))
            if any(relation.partitioned_by(effect.columns) for relation in tree):
                found |= {relation.oid for relation in tree if relation.kind != "p"}
        return found

    def below(self, moving: Iterable[int]) -> tuple[set[int], list[str]]:
        """Tables that a foreign key ties to one of these partitions, and the doubt that each of the keys is.

        For it, a row that goes to another partition is deleted.
        """
        keys = [key for oid in moving for key in self._catalog.referencing.get(oid, ())]
        own = [key for key in keys if key.enforced and not key.parent_oid]
        reached = closure(self._catalog, [Effect(key.foreign_oid) for key in own])
        doubts = [f"for {key.name} a row that leaves its partition is deleted" for key in own]
        return {root(self._catalog, edge.relation) for edge in reached.edges}, doubts

    def reached_when_new(self) -> list[str]:
        """Doubts: rows that the statement inserts into tables that its own deletions and key changes may reach."""
        inserted = {root(self._catalog, oid) for oid in self.inserting}
        reached = {root(self._catalog, edge.relation) for edge in self.closure.edges if edge.result is not None}
        names = [str(self._catalog.relations[oid].name) for oid in sorted(inserted & reached)]
        return [f"foreign keys may reach rows that the statement itself inserts into {name}" for name in names]

    def _effects(self) -> list[Effect]:
        found = []
        for change, target in self._pairs:
            if change.kind is StatementKind.DELETE:
                found.append(Effect(target.oid))
            elif change.kind is StatementKind.UPDATE:
                found.append(Effect(target.oid, frozenset(change.columns)))
            elif change.arbiter and change.arbiter.updates:
                found.append(Effect(target.oid, frozenset(change.arbiter.assigned)))
        return found
