"""What changed between two states of one database's structure, as data and in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pgwarden.domain.catalog import Catalog, Column, Constraint, Function, Relation, Type, quote_identifier

HIDDEN = ("pg_catalog", "information_schema", "pg_toast", "pgwarden")
KINDS = {"r": "table", "p": "partitioned table", "v": "view", "m": "materialized view", "f": "foreign table",
         "S": "sequence", "c": "composite type"}  # fmt: skip
CONSTRAINT_KINDS = {"p": "primary key", "u": "unique constraint", "f": "foreign key", "c": "check",
                    "x": "exclusion constraint", "n": "not-null constraint", "t": "constraint trigger"}  # fmt: skip
ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
LIMIT = 1000
"""Changes kept; a diff between unrelated databases would be endless."""


class Action(StrEnum):
    """What happened to an object."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``object`` is its full name; ``details`` says field by field what is different."""

    action: Action
    kind: str
    """table, column, index, function …"""
    object: str
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = f": {'; '.join(self.details)}" if self.details else ""
        return f"{self.kind} {self.object} {self.action}{told}"

    def to_dict(self) -> dict[str, Any]:
        """The change as JSON values."""
        return {
            "action": str(self.action),
            "kind": self.kind,
            "object": self.object,
            "details": list(self.details),
        }


@dataclass(frozen=True, slots=True)
class SchemaDiff:
    """All differences, tables first. Empty (and false) when the structure is the same."""

    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def words(self) -> tuple[str, ...]:
        """One sentence a change."""
        return tuple(str(change) for change in self.changes)

    def to_dict(self) -> dict[str, object]:
        """The diff as JSON values."""
        return {"changes": [change.to_dict() for change in self.changes]}


def changes_of(diff: Mapping[str, Any]) -> tuple[str, ...]:
    """A stored diff in words, without details."""
    return tuple(f"{c['kind']} {c['object']} {c['action']}" for c in diff.get("changes", ()))


def schema_diff(before: Catalog, after: Catalog) -> SchemaDiff:
    """What one has to tell someone who knew the database before. Estimates, rights and oids are no structure.

    Objects are matched by name: a renamed table shows as one removed and one added.
    """
    changes: list[Change] = []
    for change in _all_changes(before, after):
        changes.append(change)
        if len(changes) == LIMIT:
            break
    return SchemaDiff(tuple(changes))


def _all_changes(before: Catalog, after: Catalog) -> Iterator[Change]:
    old, new = _relations(before), _relations(after)
    for name in _names(old, new):
        yield from _relation_changes(name, old.get(name), new.get(name), before, after)
    yield from _compared("type", _types(before), _types(after))
    yield from _compared("function", _functions(before), _functions(after))
    yield from _compared("schema", _schemas(before), _schemas(after))


def _relation_changes(
    name: str, old: Relation | None, new: Relation | None, before: Catalog, after: Catalog
) -> Iterator[Change]:
    if old is None or new is None:
        there = new or old
        assert there is not None
        yield Change(Action.ADDED if new else Action.REMOVED, KINDS.get(there.kind, "relation"), name)
        return
    if old == new:
        return
    kind = KINDS.get(new.kind, "relation")
    details = _differences(_relation_facts(old, before), _relation_facts(new, after))
    if details:
        yield Change(Action.CHANGED, kind, name, details)
    for part, facts in PARTS.items():
        yield from _compared(part, facts(old, before), facts(new, after), within=name)


def _compared(kind: str, old: Facts, new: Facts, within: str = "") -> Iterator[Change]:
    for name in _names(old, new):
        full = f"{within}.{quote_identifier(name)}" if within else name
        if name not in old:
            yield Change(Action.ADDED, kind, full, _described(new[name]))
        elif name not in new:
            yield Change(Action.REMOVED, kind, full)
        elif details := _differences(old[name], new[name]):
            yield Change(Action.CHANGED, kind, full, details)


Fact = Mapping[str, object]
Facts = Mapping[str, Fact]


def _schemas(catalog: Catalog) -> Facts:
    """Schemas that hold something or are described."""
    named = {r.name.schema for r in catalog.relations.values() if r.persistence != "t"} | set(catalog.schema_comments)
    return {name: {"comment": catalog.schema_comments.get(name)} for name in named if name not in HIDDEN}


def _described(fact: Fact) -> tuple[str, ...]:
    return tuple(str(value) for key, value in fact.items() if key in ("type", "definition", "signature") and value)


def _differences(old: Fact, new: Fact) -> tuple[str, ...]:
    return tuple(
        f"{key} was {_shown(old.get(key))}, is {_shown(new.get(key))}"
        for key in dict.fromkeys((*old, *new))
        if old.get(key) != new.get(key)
    )


def _shown(value: object) -> str:
    text = "none" if value in (None, "", ()) else "yes" if value is True else "no" if value is False else str(value)
    return text if len(text) <= 120 else text[:117] + "…"


def _names(old: Iterable[str], new: Iterable[str]) -> list[str]:
    return sorted({*old, *new})


def _relations(catalog: Catalog) -> dict[str, Relation]:
    return {str(r.name): r for r in catalog.relations.values() if r.name.schema not in HIDDEN and r.persistence != "t"}


def _relation_facts(relation: Relation, catalog: Catalog) -> dict[str, object]:
    return {
        "kind": KINDS.get(relation.kind, relation.kind),
        "owner": relation.owner,
        "comment": relation.comment,
        "row security": relation.row_security,
        "forced row security": relation.force_row_security,
        "query": relation.view_definition,
        "partition key": relation.partition_key,
        "partition": relation.partition_bound,
        "inherits": ", ".join(str(catalog.relations[o].name) for o in relation.inherits if o in catalog.relations),
        "publications": ", ".join(relation.publications),
    }


def _column_fact(column: Column) -> dict[str, object]:
    return {
        "type": column.type_name,
        "not null": column.not_null,
        "default": column.default,
        "generated": {"s": "stored", "v": "virtual"}.get(column.generated, ""),
        "identity": {"a": "always", "d": "by default"}.get(column.identity, ""),
        "comment": column.comment,
    }


def _constraint_text(constraint: Constraint, relation: Relation, catalog: Catalog) -> str:
    """The constraint in words, the same before and after when it means the same."""
    columns = ", ".join(_column_names(relation, constraint.columns))
    if constraint.definition:
        return constraint.definition
    text = f"{CONSTRAINT_KINDS.get(constraint.kind, constraint.kind)} ({columns})"
    if not constraint.enforced:
        text = f"not enforced {text}"
    target = catalog.relations.get(constraint.foreign_oid)
    if target is not None:
        text += f" references {target.name} ({', '.join(_column_names(target, constraint.foreign_columns))})"
        text += (
            f" on delete {ACTIONS.get(constraint.on_delete, '?')} on update {ACTIONS.get(constraint.on_update, '?')}"
        )
    return text


def _column_names(relation: Relation, numbers: Iterable[int]) -> list[str]:
    return [column.name if (column := relation.column_at(number)) else "?" for number in numbers]


def _constraints(relation: Relation, catalog: Catalog) -> Facts:
    return {
        c.name: {
            "definition": _constraint_text(c, relation, catalog),
            "validated": c.validated,
            "deferrable": c.deferrable,
            "deferred": c.deferred,
        }
        for c in relation.constraints
        if c.kind != "n"  # the column says so already
    }


PARTS: Mapping[str, Any] = {
    "column": lambda relation, _: {c.name: _column_fact(c) for c in relation.columns},
    "constraint": _constraints,
    "index": lambda relation, _: {
        i.name: {"definition": i.definition, "valid": i.valid} for i in relation.indexes if not _backs(relation, i.oid)
    },
    "trigger": lambda relation, _: {
        t.name: {"definition": t.definition, "enabled": t.enabled} for t in relation.triggers
    },
    "rule": lambda relation, _: {r.name: {"definition": r.definition, "enabled": r.enabled} for r in relation.rules},
    "policy": lambda relation, _: {
        p.name: {"command": p.command, "permissive": p.permissive, "using": p.using, "check": p.check,
                 "roles": ", ".join(p.roles)}
        for p in relation.policies
    },
}  # fmt: skip


def _backs(relation: Relation, index_oid: int) -> bool:
    """Whether an index belongs to a constraint, which tells already."""
    return any(c.index_oid == index_oid and c.kind in "pux" for c in relation.constraints)


def _types(catalog: Catalog) -> Facts:
    return {str(t.name): _type_fact(t, catalog) for t in catalog.types.values() if _is_own_type(t)}


def _is_own_type(type_: Type) -> bool:
    """Enums, domains and ranges of users; rows of tables and arrays follow from other things."""
    return type_.kind in "edr" and type_.name.schema not in HIDDEN


def _type_fact(type_: Type, catalog: Catalog) -> dict[str, object]:
    base = catalog.types.get(type_.base_oid or type_.range_subtype_oid)
    return {
        "labels": ", ".join(type_.labels),
        "base": str(base.name) if base else "",
        "checks": " and ".join(type_.checks),
    }


def _functions(catalog: Catalog) -> Facts:
    own = (f for f in catalog.functions.values() if f.name.schema not in HIDDEN and not f.extension)
    return {_signature(f, catalog): _function_fact(f, catalog) for f in own}


def _signature(function: Function, catalog: Catalog) -> str:
    return f"{function.name}({', '.join(_type_name(oid, catalog) for oid in function.argument_oids)})"


def _function_fact(function: Function, catalog: Catalog) -> dict[str, object]:
    return {
        "returns": ("setof " if function.returns_set else "") + _type_name(function.return_oid, catalog),
        "language": function.language,
        "volatility": {"i": "immutable", "s": "stable", "v": "volatile"}.get(function.volatility, ""),
        "security definer": function.security_definer,
        "strict": function.strict,
        "settings": ", ".join(function.config),
        "owner": function.owner,
        "body": function.definition or function.source,
    }


def _type_name(oid: int, catalog: Catalog) -> str:
    type_ = catalog.types.get(oid)
    if type_ is None:
        return str(oid)
    return type_.name.name if type_.name.schema == "pg_catalog" else str(type_.name)
