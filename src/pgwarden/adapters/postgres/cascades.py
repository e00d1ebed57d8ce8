"""The foreign keys along which a change goes on: how many rows each finds, what it forbids, what it cannot set."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pgwarden.adapters.postgres.numbers import Numbers
from pgwarden.domain.catalog import Catalog, Relation, quote_identifier
from pgwarden.domain.impact import CascadeStep, Figure, Violation
from pgwarden.domain.quantity import counted, plural
from pgwarden.sql.counting import Counting
from pgwarden.sql.tallies import Counted, Tally
from pgwarden.undo.closure import Action, Closure, Edge, Effect


class Cascades:
    """The foreign keys of one closure, counted in one snapshot."""

    def __init__(
        self,
        catalog: Catalog,
        closure: Closure,
        counting: Counting,
        counted: Collection[Effect],
        inserted: Collection[int],
    ) -> None:
        """``counted``: effects that counting knows; ``inserted``: tables that the statement inserts into."""
        self._catalog, self._closure, self._counting = catalog, closure, counting
        self._edges = [edge for edge in closure.edges if edge.source in counted]
        self._inserted = inserted
        self.doubts: list[str] = []

    def tallies(self, empty: Collection[Effect] = ()) -> Iterator[Tally]:
        """What must be counted, without that to which only rows of ``empty`` effects lead."""
        for edge in self._edges:
            if edge.source in empty:
                continue
            if not edge.action.forbids:
                yield _tally(edge, Counted.REACHED)
                if edge.action is Action.SET_DEFAULT and None not in self._counting.set_values(edge).values():
                    yield _tally(edge, Counted.ORPHANED)
            else:
                yield _tally(edge, Counted.LEFT)
                if not _late(edge):
                    yield _tally(edge, Counted.FORBIDDEN)

    def followed(self, numbers: Numbers) -> tuple[list[CascadeStep], list[Violation]]:
        """Every foreign key in reach with the rows it finds, and what it would refuse or cannot set."""
        steps, violations = [], []
        depths = self._depths()
        for edge in self._edges:
            if edge.action.forbids:
                found, figure = self._forbidden(edge, numbers)
                violations += found
            else:
                figure = numbers[_tally(edge, Counted.REACHED)]
                if figure.rows:
                    violations += self._set(edge, figure, numbers)
            steps.append(self._step(edge, figure, depths))
        return steps, violations

    def _depths(self) -> dict[Effect, int]:
        depths = dict.fromkeys(self._closure.starts, 0)
        for effect in self._closure.effects:
            for edge in self._closure.out_of(effect):
                if edge.result is not None:
                    depths.setdefault(edge.result, depths.get(effect, 0) + 1)
        return depths

    def _step(self, edge: Edge, figure: Figure, depths: dict[Effect, int]) -> CascadeStep:
        relation = self._catalog.relations[edge.relation]
        return CascadeStep(
            constraint=edge.constraint.name,
            source=str(self._catalog.relations[edge.source.relation].name),
            table=str(relation.name),
            columns=edge.columns,
            action=edge.action.words,
            event="DELETE" if edge.source.deletes else "UPDATE",
            figure=figure,
            depth=depths.get(edge.source, 0) + 1,
            missing_index=_missing_index(relation, edge),
        )

    def _forbidden(self, edge: Edge, numbers: Numbers) -> tuple[list[Violation], Figure]:
        """What a forbidding foreign key finds. A check at the end of the transaction sees all that others took."""
        sure = numbers[_tally(edge, Counted.LEFT)]
        every = sure if _late(edge) else numbers[_tally(edge, Counted.FORBIDDEN)]
        child = self._catalog.relations[edge.relation]
        parent = self._catalog.relations[edge.source.relation]
        if edge.constraint.temporal:
            self.doubts.append(
                f"whether other rows of {parent.name} cover the times that {child.name} references is known only at the"
                " execution"
            )
            return [], every
        told = self._counting.certain(edge) and not self._inserts_into(parent) and self._untouched(child, parent)
        if sure.rows:
            message = (
                f"{counted(sure.rows, 'row')} of {child.name} still {plural(sure.rows, 'references')}"
                f" {parent.name} ({edge.action.words})"
            )
            name = edge.constraint.name
            return [Violation(name, str(child.name), sure.rows, message, sure.certain and told)], sure
        if every.rows:
            message = (
                f"{counted(every.rows, 'row')} of {child.name} {plural(every.rows, 'references')} {parent.name}"
                f" ({edge.action.words}) unless other foreign keys take them first"
            )
            return [Violation(edge.constraint.name, str(child.name), every.rows, message, certain=False)], every
        return [], every

    def _set(self, edge: Edge, figure: Figure, numbers: Numbers) -> list[Violation]:
        """What SET NULL and SET DEFAULT cannot set: null where it is forbidden, a default that references nothing."""
        child = self._catalog.relations[edge.relation]
        values = self._counting.set_values(edge)
        sure = figure.certain and self._untouched(child, self._catalog.relations[edge.source.relation])
        found = []
        for column in child.columns:
            if column.not_null and values.get(column.name) == "null":
                where = f"{column.name} of {counted(figure.rows, 'row')} of {child.name}"
                text = f"{edge.action.words} would put null into {where}"
                found.append(Violation(f"{column.name} NOT NULL", str(child.name), figure.rows, text, sure))
        if None in values.values():
            self.doubts.append(f"which default {edge.constraint.name} sets is known only at the execution")
        elif edge.action is Action.SET_DEFAULT and not found:
            orphans = numbers[_tally(edge, Counted.ORPHANED)]
            if orphans.rows:
                text = f"{edge.action.words} would point {counted(orphans.rows, 'row')} of {child.name} at nothing"
                told = sure and orphans.certain
                found.append(Violation(edge.constraint.name, str(child.name), orphans.rows, text, told))
        return found

    def _inserts_into(self, parent: Relation) -> bool:
        """Whether another part of the statement may bring a missing key back."""
        return parent.oid in self._inserted

    def _untouched(self, *relations: Relation) -> bool:
        """Whether what is counted is what the key will meet: it binds no row of a table that inherits from these."""
        return not any(relation.interposed or relation.oid in self._catalog.heirs for relation in relations)


def _tally(edge: Edge, rows: Counted) -> Tally:
    return Tally(edge.relation, rows, edge=edge)


def _late(edge: Edge) -> bool:
    """Whether it is checked at the end of the transaction, when all that others took is gone."""
    return edge.action is Action.NO_ACTION and edge.constraint.deferrable and edge.constraint.deferred


def indexed(relation: Relation, edge: Edge) -> bool:
    """Whether an index leads from a key to the rows that reference it."""
    wanted = set(edge.constraint.columns)
    return any(
        index.valid and index.predicate is None and set(index.columns[: len(wanted)]) == wanted
        for index in relation.indexes
    )


def _missing_index(relation: Relation, edge: Edge) -> str:
    if indexed(relation, edge):
        return ""
    columns = ", ".join(quote_identifier(column) for column in edge.columns)
    return f"CREATE INDEX ON {relation.name} ({columns})"
