"""What the foreign keys around one table do when its rows change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgwarden.domain.catalog import Catalog, Constraint, Relation

OPERATIONS = ("INSERT", "UPDATE", "DELETE")
ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_DELETES = {
    "CASCADE": "rows of {child} that reference a deleted row are deleted too",
    "SET NULL": "{columns} of the referencing rows of {child} become NULL",
    "SET DEFAULT": "{columns} of the referencing rows of {child} fall back to their default",
    "RESTRICT": "deleting a row that {child} references fails at once",
    "NO ACTION": "deleting a row that {child} still references at the end of the statement fails",
}
_UPDATES = {
    "CASCADE": "a changed key is carried into {columns} of {child}",
    "SET NULL": "{columns} of the referencing rows of {child} become NULL when the key changes",
    "SET DEFAULT": "{columns} of the referencing rows of {child} fall back to their default when the key changes",
    "RESTRICT": "changing a key that {child} references fails at once",
    "NO ACTION": "changing a key that {child} still references at the end of the statement fails",
}


@dataclass(frozen=True, slots=True)
class KeyEffect:
    """One foreign key as one operation on a table meets it."""

    constraint: str
    table: str
    """The referencing table."""
    columns: tuple[str, ...]
    references: str
    referenced_columns: tuple[str, ...]
    rule: str
    """CASCADE, SET NULL, SET DEFAULT, RESTRICT, NO ACTION, or CHECKED where this table does the referencing."""
    effect: str
    deferrable: bool
    validated: bool
    """False: rows from before the constraint may break it."""
    missing_index: str = ""
    """The CREATE INDEX without which each parent row costs a scan of the referencing table, or ''."""


def key_effects(catalog: Catalog, relation: Relation, operation: str) -> tuple[KeyEffect, ...]:
    """The foreign keys that an INSERT, UPDATE or DELETE on the table meets, those that change most first."""
    found = [*_outgoing(catalog, relation, operation), *_incoming(catalog, relation, operation)]
    order = {rule: place for place, rule in enumerate(("CASCADE", "SET NULL", "SET DEFAULT"))}
    return tuple(sorted(found, key=lambda key: (order.get(key.rule, 3), key.table, key.constraint)))


def _outgoing(catalog: Catalog, relation: Relation, operation: str) -> Iterator[KeyEffect]:
    if operation == "DELETE":
        return
    for key in relation.foreign_keys:
        target = catalog.relations.get(key.foreign_oid)
        if target is not None and key.enforced and not key.parent_oid:
            effect = f"{', '.join(_names(relation, key.columns))} must be NULL or exist in {target.name}"
            yield _effect(key, relation, target, "CHECKED", effect)


def _incoming(catalog: Catalog, relation: Relation, operation: str) -> Iterator[KeyEffect]:
    if operation == "INSERT":
        return
    words = _DELETES if operation == "DELETE" else _UPDATES
    for child in catalog.user_relations:
        for key in child.foreign_keys:
            if key.foreign_oid == relation.oid and key.enforced and not key.parent_oid:
                rule = ACTIONS[key.on_delete if operation == "DELETE" else key.on_update]
                set_columns = (
                    key.delete_set_columns if operation == "DELETE" and key.delete_set_columns else key.columns
                )
                columns = ", ".join(_names(child, set_columns))
                effect = words[rule].format(child=child.name, columns=columns)
                yield _effect(key, child, relation, rule, effect, index=_missing_index(child, key))


def _effect(
    key: Constraint, child: Relation, parent: Relation, rule: str, effect: str, *, index: str = ""
) -> KeyEffect:
    return KeyEffect(
        key.name,
        str(child.name),
        _names(child, key.columns),
        str(parent.name),
        _names(parent, key.foreign_columns),
        rule,
        effect,
        key.deferrable,
        key.validated,
        index,
    )


def _missing_index(child: Relation, key: Constraint) -> str:
    wanted = set(key.columns)
    served = any(
        index.valid and index.predicate is None and set(index.columns[: len(wanted)]) == wanted
        for index in child.indexes
    )
    return "" if served else f"CREATE INDEX ON {child.name} ({', '.join(_names(child, key.columns))})"


def _names(relation: Relation, numbers: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(column.name for number in numbers if (column := relation.column_at(number)))


def reached_by_cascade(catalog: Catalog, relation: Relation, operation: str) -> tuple[str, ...]:
    """Names of the tables whose rows a DELETE or key UPDATE can change through keys, nearest first."""
    if operation == "INSERT":
        return ()
    reached: dict[int, str] = {}
    done: set[tuple[int, str]] = set()
    edge = [(relation, operation)]
    while edge:
        following = []
        for parent, event in edge:
            for child, then in _carried(catalog, parent.oid, event):
                if child.oid != relation.oid:
                    reached.setdefault(child.oid, str(child.name))
                if then and (child.oid, then) not in done:
                    done.add((child.oid, then))
                    following.append((child, then))
        edge = following
    return tuple(reached.values())


def _carried(catalog: Catalog, parent: int, event: str) -> Iterator[tuple[Relation, str]]:
    """Tables that a key carries the event to, with what then happens to their own keys ('' for nothing)."""
    for child in catalog.user_relations:
        for key in child.foreign_keys:
            rule = key.on_delete if event == "DELETE" else key.on_update
            if key.foreign_oid != parent or not key.enforced or key.parent_oid or rule not in "cnd":
                continue
            if event == "DELETE" and rule == "c":
                yield child, "DELETE"
            else:
                yield child, "UPDATE" if _referenced(catalog, child, key.columns) else ""


def _referenced(catalog: Catalog, relation: Relation, columns: tuple[int, ...]) -> bool:
    """Whether other keys point at one of these columns."""
    keys = (key for other in catalog.user_relations for key in other.foreign_keys)
    return any(key.foreign_oid == relation.oid and set(key.foreign_columns) & set(columns) for key in keys)
