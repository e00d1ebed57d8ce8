"""What else a change touches: triggers (their bodies read), rules, views, indexes, publications, row security."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from pgwarden.domain.catalog import FIRING, Catalog, Relation, Rule, Trigger
from pgwarden.domain.impact import SideEffect, SideEffectKind
from pgwarden.domain.quantity import counted, plural
from pgwarden.sql.function_effects import FunctionEffects, body_of, function_effects, rule_effects, statement_calls


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything beside the rows."""

    effects: tuple[SideEffect, ...]
    doubts: tuple[str, ...]
    open_tables: tuple[int, ...]
    """Tables that triggers and rules write; how many rows is known only once they ran."""


@dataclass(slots=True)
class _Found:
    path: Sequence[str]
    effects: list[SideEffect] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    open_tables: dict[int, None] = field(default_factory=dict)
    run: set[int] = field(default_factory=set)
    """Functions that may run."""
    replaced: bool = False
    """Whether a rule has something else done instead."""


Events = Mapping[int, frozenset[str]]
"""Relation oid → what happens to it: INSERT, UPDATE, DELETE."""


def side_effects(
    catalog: Catalog,
    sql: str,
    events: Events,
    changed: Mapping[int, frozenset[str]],
    path: Sequence[str],
    *,
    moving: Collection[int] = (),
    views: Iterable[tuple[int, str]] = (),
) -> Surroundings:
    """What these events set off, and what the functions do that the statement calls.

    ``changed`` names the columns that an UPDATE assigns, by relation.

    ``path`` holds the schemas in which trigger bodies look up names, unless their function sets its own.

    ``moving``: partitions whose rows an UPDATE may send to another one, which deletes them here and inserts them there.
    ``views``: views through which tables are changed, with the event.
    """
    found = _Found(path)
    waiting = [(oid, event) for oid, happening in events.items() for event in sorted(happening)]
    waiting += _calls(catalog, statement_calls(catalog, sql, path), found)
    waiting += views
    seen = set(waiting)
    for oid in moving:
        for event in ("DELETE", "INSERT"):
            if (oid, event) not in seen:
                waiting += _set_off(catalog, oid, event, found, moved=True)
    while waiting:
        oid, event = waiting.pop(0)
        for following in _set_off(catalog, oid, event, found):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    if found.replaced:
        found.open_tables |= dict.fromkeys(_root(catalog, catalog.relations[oid]).oid for oid in events)
    for oid, together in events.items():
        relation = catalog.relations[oid]
        if relation.partition_of in events:  # the partitioned table speaks for its partitions
            found.effects += _receivers(relation)
        else:
            found.effects += _static(catalog, relation, together, changed.get(oid, frozenset()), found.run)
    return Surroundings(
        tuple(dict.fromkeys(found.effects)), tuple(dict.fromkeys(found.doubts)), tuple(found.open_tables)
    )


def _set_off(
    catalog: Catalog, oid: int, event: str, found: _Found, *, moved: bool = False
) -> Iterator[tuple[int, str]]:
    """Record what triggers and rules do; yields the (table, event) pairs that they cause in turn.

    A row that only moves to another partition meets the triggers of each row, and no rule.
    """
    relation = catalog.relations.get(oid)
    if relation is None:
        return
    for trigger in relation.triggers:
        if event in trigger.events and trigger.enabled in FIRING and (trigger.per_row or not moved):
            yield from _trigger(catalog, relation, trigger, found)
    for rule in () if moved else relation.rules:
        if rule.event == event and rule.enabled in FIRING:
            yield from _rule(catalog, relation, rule, found)


def _rule(catalog: Catalog, relation: Relation, rule: Rule, found: _Found) -> Iterator[tuple[int, str]]:
    """Record what a rule makes of each statement. How many rows that are, only running it tells."""
    body = rule_effects(catalog, rule, found.path)
    found.run |= body.run
    found.replaced |= rule.instead
    does = "replaces" if rule.instead else "adds to"
    told = body.unknown and f"in a way that cannot be read: {body.unknown}"
    message = f"rule {rule.name} on {relation.name} {does} each {rule.event}: {told or _told(body)}"
    writes, reads = _named(body)
    found.doubts.append(message)
    found.effects.append(
        SideEffect(SideEffectKind.RULE, str(relation.name), rule.name, message, not body.unknown, writes, reads)
    )
    yield from _written(catalog, f"rule {rule.name}", body, found)


def _named(body: FunctionEffects) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is written (``DELETE cart``) and what is read."""
    return tuple(f"{event} {table}" for (event, _, table), _ in body.writes), tuple(str(t.name) for t in body.reads)


def _trigger(catalog: Catalog, relation: Relation, trigger: Trigger, found: _Found) -> Iterator[tuple[int, str]]:
    """Record what a trigger does; yields the (table, event) pairs that it causes in turn."""
    function = catalog.functions.get(trigger.function_oid)
    body = function_effects(catalog, function, found.path)
    found.run |= body.run
    writes, reads = _named(body)
    if body.unknown:
        message = f"trigger {trigger.name} on {relation.name} does what cannot be read from its body: {body.unknown}"
        found.doubts.append(message)
    else:
        each = "each row" if trigger.per_row else "the statement"
        told = _told(body)
        message = f"trigger {trigger.name} on {relation.name} runs {trigger.timing.lower()} {each} and {told}"
    found.effects.append(
        SideEffect(SideEffectKind.TRIGGER, str(relation.name), trigger.name, message, not body.unknown, writes, reads)
    )
    if trigger.timing == "BEFORE" and trigger.per_row and not body.unknown:
        found.doubts.append(f"trigger {trigger.name} on {relation.name} may change or suppress rows")
    yield from _written(catalog, f"trigger {trigger.name}", body, found)


def _calls(catalog: Catalog, body: FunctionEffects, found: _Found) -> Iterator[tuple[int, str]]:
    """Record what functions do that the statement itself calls; yields the (table, event) pairs that they cause."""
    found.run |= body.run
    if not body.unknown and not body.writes:
        return
    told = f"what is not known: {body.unknown}" if body.unknown else "more than compute: "
    message = f"functions that the statement calls do {told}{'' if body.unknown else _told(body)}"
    names = sorted(str(catalog.functions[oid].name) for oid in body.run if not catalog.functions[oid].builtin)
    writes, reads = _named(body)
    found.doubts.append(message)
    found.effects.append(
        SideEffect(SideEffectKind.CALL, "", ", ".join(names), message, not body.unknown, writes, reads)
    )
    yield from _written(catalog, "a function", body, found)


def _written(catalog: Catalog, what: str, body: FunctionEffects, found: _Found) -> Iterator[tuple[int, str]]:
    for (event, _, table), target in body.writes:
        if target is None:
            found.doubts.append(f"{what} writes {table}, which is not known here")
        else:
            found.open_tables[_root(catalog, target).oid] = None
            yield target.oid, event


def _told(body: FunctionEffects) -> str:
    """``inserts into audit.log and deletes from cart, and reads rates``."""
    verbs = {"INSERT": "inserts into", "UPDATE": "updates", "DELETE": "deletes from"}
    written = (write for write, _ in body.writes)
    parts = sorted({f"{verbs[event]} {schema + '.' if schema else ''}{table}" for event, schema, table in written})
    reads = f", and reads {', '.join(str(table.name) for table in body.reads)}" if body.reads else ""
    return (" and ".join(parts) or "writes no table") + reads


def _static(
    catalog: Catalog, relation: Relation, events: frozenset[str], changed: frozenset[str], run: Collection[int]
) -> Iterator[SideEffect]:
    """What the definitions around a table say."""
    yield from _readers(catalog, relation, run)
    yield from _receivers(relation)
    yield from _checks(relation, events, changed)
    yield from _columns(relation, events, changed)
    yield from _partitions(catalog, relation)
    name = str(relation.name)
    message = f"writers to {name} wait from the start of the execution to its end; readers do not"
    yield SideEffect(SideEffectKind.LOCK, name, "SHARE ROW EXCLUSIVE", message)


def _readers(catalog: Catalog, relation: Relation, run: Collection[int]) -> Iterator[SideEffect]:
    """Views, materialized views and functions that speak of the table and are not run."""
    name = str(relation.name)
    for view in catalog.views_of.get(relation.oid, ()):
        stale = view.kind == "m"
        kind = SideEffectKind.MATERIALIZED_VIEW if stale else SideEffectKind.VIEW
        message = f"{view.name} is stale until it is refreshed" if stale else f"{view.name} shows the change"
        yield SideEffect(kind, name, str(view.name), message)
    word = relation.name.name.lower()
    for function in catalog.functions.values():
        own = not function.builtin and not function.extension and function.oid not in run
        if own and (body := body_of(function)) and word in _words_of(body):
            message = f"function {function.name} mentions {name}; it is not run by this change"
            yield SideEffect(SideEffectKind.FUNCTION, name, str(function.name), message)


@lru_cache(maxsize=20_000)
def _words_of(source: str) -> frozenset[str]:
    """The words of a function's body, kept: every table of a change is looked for in every body."""
    return frozenset(re.findall(r"[\w$]+", source.lower()))


def _receivers(relation: Relation) -> Iterator[SideEffect]:
    name = str(relation.name)
    if relation.row_security:
        message = f"row-level security of {name} decides which rows this role sees and changes"
        yield SideEffect(SideEffectKind.ROW_SECURITY, name, name, message)
    for publication in relation.publications:
        message = f"subscribers of {publication} receive the change of {name}; an undo is sent to them as well"
        yield SideEffect(SideEffectKind.PUBLICATION, name, publication, message)


def _checks(relation: Relation, events: frozenset[str], changed: frozenset[str]) -> Iterator[SideEffect]:
    """Indexes to maintain and constraints to check; an UPDATE is spared those of columns that it leaves alone."""
    name = str(relation.name)
    numbers = {column.number for column in relation.columns if column.name in changed}
    every = "INSERT" in events or not changed
    if events & {"INSERT", "UPDATE"}:
        indexes = [i.name for i in relation.indexes if every or 0 in i.columns or numbers & set(i.columns)]
        if indexes:
            message = f"{counted(len(indexes), 'index')} of {name} {plural(len(indexes), 'is')} maintained"
            yield SideEffect(SideEffectKind.INDEX, name, ", ".join(indexes), message)
        constraints = [
            c.name
            for c in relation.constraints
            if c.kind in "cfpux" and (every or not c.columns or numbers & set(c.columns))
        ]
        if constraints:
            message = f"{counted(len(constraints), 'constraint')} of {name} {plural(len(constraints), 'is')} checked"
            yield SideEffect(SideEffectKind.CONSTRAINT, name, ", ".join(constraints), message)


def _columns(relation: Relation, events: frozenset[str], changed: frozenset[str]) -> Iterator[SideEffect]:
    name = str(relation.name)
    for column in relation.columns:
        words = set(re.findall(r"\w+", column.default or ""))
        if column.generated and (
            "INSERT" in events or ("UPDATE" in events and not (changed and words.isdisjoint(changed)))
        ):
            yield SideEffect(SideEffectKind.GENERATED, name, column.name, f"{name}.{column.name} is computed again")
        numbered = column.identity or (column.default or "").startswith("nextval(")
        if numbered and "INSERT" in events and column.name not in changed:
            message = f"the sequence behind {name}.{column.name} advances and is never moved back"
            yield SideEffect(SideEffectKind.SEQUENCE, name, column.name, message)


def _partitions(catalog: Catalog, relation: Relation) -> Iterator[SideEffect]:
    if relation.kind != "p":
        return
    name = str(relation.name)
    count = sum(1 for _ in catalog.partition_tree(relation.oid)) - 1
    yield SideEffect(SideEffectKind.PARTITION, name, name, f"{name} has {counted(count, 'partition')}")
    for part in catalog.partition_tree(relation.oid):
        if part.kind == "f":
            message = f"partition {part.name} is a foreign table: its rows can be neither captured nor restored"
            yield SideEffect(SideEffectKind.FOREIGN_TABLE, name, str(part.name), message, known=False)


def _root(catalog: Catalog, relation: Relation) -> Relation:
    while relation.partition_of and relation.partition_of in catalog.relations:
        relation = catalog.relations[relation.partition_of]
    return relation
