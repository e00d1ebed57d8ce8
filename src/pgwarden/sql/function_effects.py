"""What a function does to tables, with everything that it calls: from parse trees, or from words where none is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pgwarden.domain.catalog import Catalog, Function, Name, Relation, Rule
from pgwarden.sql import effects
from pgwarden.sql.function_words import word_effects
from pgwarden.sql.plpgsql_parser import fragments
from pgwarden.sql.plpgsql_tokens import NotUnderstood
from pgwarden.sql.policy import KNOWN_EXTENSIONS
from pgwarden.sql.statement_effects import StatementEffects, Table, Write, actions_of_rule, statement_effects

READABLE = ("plpgsql", "sql")
DYNAMIC = "it builds SQL at run time"
_BEYOND = frozenset(
    {
        "runs SQL that is given as text",
        "reads or writes large objects",
        "acts on other sessions or on the server",
        "acts on replication",
    }
)
"""What built-in functions do that neither their names nor a rollback tells: see ``effects.REFUSED``."""
_ELSEWHERE = ("dblink", "lo_", "http_")
"""Beginnings of names of functions that reach outside the transaction."""


@dataclass(frozen=True, slots=True)
class FunctionEffects:
    """Tables as written in the bodies, with what they mean here (None where no such table is known)."""

    writes: tuple[tuple[Write, Relation | None], ...] = ()
    reads: tuple[Relation, ...] = ()
    unknown: str = ""
    """Why this may not be everything."""
    run: frozenset[int] = frozenset()
    """Functions that may run, by oid."""


@dataclass(slots=True)
class _Following:
    catalog: Catalog
    writes: dict[tuple[Write, Relation | None], None] = field(default_factory=dict)
    reads: dict[int, Relation] = field(default_factory=dict)
    unknown: dict[str, None] = field(default_factory=dict)
    waiting: list[tuple[Function | None, tuple[str, ...]]] = field(default_factory=list)
    seen: set[tuple[int, tuple[str, ...]]] = field(default_factory=set)


def function_effects(catalog: Catalog, function: Function | None, path: Sequence[str]) -> FunctionEffects:
    """What calling it does. ``path``: schemas in which it looks up names, unless it sets its own."""
    following = _Following(catalog, waiting=[(function, tuple(path))])
    return _followed(following)


def effects_of_calls(catalog: Catalog, found: StatementEffects, path: Sequence[str]) -> FunctionEffects:
    """What the functions do that a statement calls; its own tables are left out."""
    following = _Following(catalog)
    _take(following, replace(found, writes=frozenset(), reads=frozenset()), tuple(path))
    return _followed(following)


def statement_calls(catalog: Catalog, sql: str, path: Sequence[str]) -> FunctionEffects:
    """What the functions do that a statement itself calls."""
    try:
        return effects_of_calls(catalog, statement_effects(sql), path)
    except NotUnderstood as error:
        return FunctionEffects(unknown=str(error))


def rule_effects(catalog: Catalog, rule: Rule, path: Sequence[str]) -> FunctionEffects:
    """What the actions of a rule do."""
    following = _Following(catalog)
    try:
        _take(following, actions_of_rule(rule.definition), tuple(path))
    except NotUnderstood as error:
        return FunctionEffects(unknown=str(error))
    return _followed(following)


def _followed(following: _Following) -> FunctionEffects:
    while following.waiting:
        function, path = following.waiting.pop()
        if function is None:
            following.unknown["its function cannot be read"] = None
            continue
        path = own_path(function) or path
        if (function.oid, path) not in following.seen:
            following.seen.add((function.oid, path))
            _enter(following, function, path)
    reads = sorted(following.reads.values(), key=lambda relation: relation.name)
    run = frozenset(oid for oid, _ in following.seen)
    return FunctionEffects(tuple(following.writes), tuple(reads), "; ".join(following.unknown), run)


def _enter(following: _Following, function: Function, path: tuple[str, ...]) -> None:
    if function.builtin:
        if why := effects.REFUSED.get(function.name.name):
            following.unknown.update({f"it calls {function.name.name}": None} if why in _BEYOND else {})
    elif function.kind == "a":
        following.waiting += [(following.catalog.functions.get(oid), path) for oid in function.support_oids if oid]
    elif function.language in READABLE:
        _take(following, body_effects(function), path)
    elif not _only_computes(function):
        following.unknown[f"{function.name} is written in {function.language}"] = None


def _only_computes(function: Function) -> bool:
    """A C function of an extension that is known; what others declare to be is only a claim."""
    if function.language == "internal":  # another name for a built-in one
        return effects.REFUSED.get((function.source or "").strip()) not in _BEYOND
    name = function.name.name
    if function.language != "c" or function.extension not in KNOWN_EXTENSIONS or name in effects.EXTENSION_REFUSED:
        return False
    return function.volatility != "v" or name in effects.EXTENSION_HARMLESS


def _take(following: _Following, found: StatementEffects, path: tuple[str, ...]) -> None:
    catalog = following.catalog
    for write in sorted(found.writes, key=str):
        following.writes[write, resolved(catalog, write[1:], path)] = None
    if found.unknown:
        following.unknown[found.unknown] = None
    for name in sorted(name for _, name in found.calls if name.startswith(_ELSEWHERE)):
        following.unknown[f"it calls {name}"] = None
    for table in sorted(found.reads, key=str):
        relation = resolved(catalog, table, path)
        if relation is not None and relation.oid not in following.reads:
            following.reads[relation.oid] = relation
            if relation.view_definition:
                _take(following, _view_effects(relation.view_definition), path)
    following.waiting += [(function, path) for function in _called(catalog, found)]


def _view_effects(definition: str) -> StatementEffects:
    try:
        return statement_effects(definition)
    except NotUnderstood as error:
        return StatementEffects(unknown=f"a view that it reads is not understood: {error}")


def _called(catalog: Catalog, found: StatementEffects) -> Iterator[Function]:
    """Functions that the names may mean, in any schema and for any arguments: rather too many than one too few."""
    for schema, name in sorted(found.calls, key=str):
        for function in catalog.functions_by_name.get(name, ()):
            if schema in (None, function.name.schema):
                yield function
    for name in sorted(found.operators):
        for operator in catalog.operators_by_name.get(name, ()):
            if not operator.builtin and (implementation := catalog.functions.get(operator.function_oid)) is not None:
                yield implementation
    yield from _casting(catalog, found.casts)
    for name in sorted(found.fields):
        for function in catalog.functions_by_name.get(name, ()):
            if not function.builtin and len(function.argument_oids) == 1 and _is_row(catalog, function):
                yield function


def _casting(catalog: Catalog, types: Iterable[str]) -> Iterator[Function]:
    names = frozenset(types)
    for cast in catalog.casts if names else ():
        target, function = catalog.types.get(cast.target_oid), catalog.functions.get(cast.function_oid)
        if function is not None and not function.builtin and target is not None and target.name.name in names:
            yield function


def _is_row(catalog: Catalog, function: Function) -> bool:
    argument = catalog.types.get(function.argument_oids[0])
    return argument is not None and (argument.kind == "c" or argument.name.name == "record")


def own_path(function: Function | None) -> tuple[str, ...]:
    """The search path that a function sets for itself."""
    for setting in function.config if function else ():
        name, _, value = setting.partition("=")
        if name == "search_path":
            return tuple(part.strip().strip('"') for part in value.split(","))
    return ()


def resolved(catalog: Catalog, table: Table, path: Sequence[str]) -> Relation | None:
    """The relation that a name means in this path."""
    schema, name = table
    return next((r for s in ([schema] if schema else path) if s and (r := catalog.by_name.get(Name(s, name)))), None)


def body_of(function: Function) -> str | None:
    """The text of a function's body; a BEGIN ATOMIC body exists only as part of its definition."""
    return function.source if function.definition is None else function.definition


@lru_cache(maxsize=5_000)
def body_effects(function: Function) -> StatementEffects:
    """What the body of a function in SQL or PL/pgSQL names. What no parser takes is unknown, and read by its words."""
    body = body_of(function)
    if body is None:
        return StatementEffects(unknown="its function cannot be read")
    try:
        if function.language == "sql":
            return statement_effects(body)
        parsed = fragments(function)
        found = [statement_effects(statement) for statement in parsed.statements]
    except NotUnderstood as error:
        return _by_words(body, str(error))
    if parsed.dynamic:
        found.append(StatementEffects(unknown=DYNAMIC))
    return _joined(found)


def _by_words(body: str, why: str) -> StatementEffects:
    try:
        found = word_effects(body)
    except NotUnderstood as error:
        return StatementEffects(unknown=str(error))
    return replace(found, unknown=f"the parser does not take its body ({why}), only its words were read")


def _joined(parts: Sequence[StatementEffects]) -> StatementEffects:
    return StatementEffects(
        writes=frozenset().union(*(part.writes for part in parts)),
        reads=frozenset().union(*(part.reads for part in parts)),
        calls=frozenset().union(*(part.calls for part in parts)),
        operators=frozenset().union(*(part.operators for part in parts)),
        casts=frozenset().union(*(part.casts for part in parts)),
        fields=frozenset().union(*(part.fields for part in parts)),
        unknown="; ".join(dict.fromkeys(part.unknown for part in parts if part.unknown)),
    )
