"""One row of a catalog query → one noun of the domain, a function each. Positions are those of ``catalog.sql``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import repeat
from typing import Any, TypeVar

from pgwarden.domain.catalog import (
    Column,
    Constraint,
    Function,
    Index,
    Name,
    Operator,
    Policy,
    Rule,
    Trigger,
    Type,
    quote_identifier,
)

Row = tuple[Any, ...]
T = TypeVar("T")
FIRST_USER_OID = 16384


class Schemas:
    """Names, rights and owners by oid."""

    def __init__(self, namespaces: Iterable[Row], roles: Iterable[Row]) -> None:
        rows = list(namespaces)
        self._names: dict[int, str] = {row[0]: row[1] for row in rows}
        self._usable: dict[int, bool] = {row[0]: row[3] for row in rows}
        self._roles: dict[int, str] = {row[0]: row[1] for row in roles}

    def name(self, namespace: int, name: str) -> Name:
        return Name(self._names.get(namespace, ""), name)

    def schema_name(self, namespace: int) -> str:
        return self._names.get(namespace, "")

    def usable(self, namespace: int) -> bool:
        """Whether the connected role may look anything up in that schema."""
        return self._usable.get(namespace, False)

    def role(self, oid: int) -> str:
        return self._roles.get(oid, "")


_quoted = lru_cache(maxsize=16384)(quote_identifier)
"""Names of columns come again and again."""


def all_made(noun: type[T], *fields: Iterable[Any]) -> Iterator[T]:
    """Named tuples from their fields' columns, without a Python call for each: there may be hundreds of thousands."""
    return map(tuple.__new__, repeat(noun), zip(*fields))  # type: ignore[arg-type]  # noqa: B905 - repeat() has no end


def types_of(
    fields: list[list[Any]],
    schemas: Schemas,
    subtypes: Mapping[int, int],
    labels: Mapping[int, tuple[str, ...]],
    checks: Mapping[int, tuple[str, ...]],
) -> Iterator[Type]:
    oids, names, namespaces, kinds, categories, preferred, elements, bases, relations, arrays, inputs, outputs = fields
    return all_made(
        Type,
        oids,
        all_made(Name, map(schemas.schema_name, namespaces), names),
        kinds,
        categories,
        preferred,
        elements,
        bases,
        relations,
        arrays,
        (subtypes.get(oid, 0) for oid in oids),
        (labels.get(oid, ()) for oid in oids),
        (checks.get(oid, ()) for oid in oids),
        inputs,
        outputs,
    )


@lru_cache(maxsize=4096)
def _numbers(text: str | None) -> tuple[int, ...]:
    """Column numbers as PostgreSQL writes them, ``{1,2}`` or ``1 2``. Few differ, so equal ones share one tuple."""
    return tuple(int(number) for number in text.strip("{}").replace(",", " ").split()) if text else ()


def constraints_of(fields: list[list[Any]], definitions: Mapping[int, str]) -> Iterator[Constraint]:
    oids, names, kinds, relations, columns, foreign, foreign_columns, *rest = fields
    on_delete, on_update, delete_set, match, deferrable, deferred, validated, indexes, parents, *more = rest
    enforced, temporal, _ = more
    return all_made(
        Constraint,
        oids,
        names,
        kinds,
        relations,
        map(_numbers, columns),
        map(definitions.get, oids),
        foreign,
        map(_numbers, foreign_columns),
        map(str.strip, on_delete),  # a blank where it is no foreign key
        map(str.strip, on_update),
        map(_numbers, delete_set),
        map(str.strip, match),
        deferrable,
        deferred,
        validated,
        indexes,
        parents,
        enforced,
        temporal,
    )


def indexes_of(
    fields: list[list[Any]],
    tables: Mapping[int, Name],
    columns: Mapping[int, tuple[Column, ...]],
    special: Mapping[int, tuple[str | None, str]],
) -> Iterator[Index]:
    """``special``: predicate and definition as the server tells them of indexes that are not plain."""
    oids, names, relations, keys, key_counts, unique, primary, valid, methods, distinct, *_ = fields
    numbers = [_numbers(key)[:count] for key, count in zip(keys, key_counts, strict=True)]
    table_name = cache(lambda oid: str(tables[oid]))
    definitions = [
        special[oid][1]
        if oid in special
        else _plain_definition(name, table_name(relation), columns.get(relation, ()), only_one, method, places)
        for oid, name, relation, only_one, method, places in zip(
            oids, names, relations, unique, methods, numbers, strict=True
        )
    ]
    predicates = (special[oid][0] if oid in special else None for oid in oids)
    return all_made(
        Index, oids, names, relations, numbers, unique, primary, valid, methods, predicates, definitions, distinct
    )


def _plain_definition(
    name: str, table: str, columns: tuple[Column, ...], unique: bool, method: str, numbers: tuple[int, ...]
) -> str:
    """What pg_get_indexdef says of an index on whole columns with nothing special, without asking it."""
    listed = ", ".join([_column_name(columns, number) for number in numbers])
    return f"CREATE {'UNIQUE ' if unique else ''}INDEX {quote_identifier(name)} ON {table} USING {method} ({listed})"


def _column_name(columns: tuple[Column, ...], number: int) -> str:
    """Quoted where SQL needs it; a question mark when it was dropped meanwhile."""
    if number <= len(columns) and columns[number - 1].number == number:  # as long as none was dropped before it
        return _quoted(columns[number - 1].name)
    return next((_quoted(column.name) for column in columns if column.number == number), "?")


def trigger_of(row: Row) -> Trigger:
    return Trigger(*row)


def rule_of(row: Row) -> Rule:
    return Rule(*row)


def policy_of(row: Row) -> Policy:
    oid, name, relation, command, permissive, using, check, roles = row
    return Policy(oid, name, relation, command, permissive, using, check, tuple(roles))


def operator_of(row: Row, schemas: Schemas) -> Operator:
    oid, name, namespace, left, right, result, function = row
    own_name = schemas.name(namespace, name)
    return Operator(oid, own_name, left, right, result, function, _is_builtin(oid, own_name))


def function_of(row: Row, schemas: Schemas, support_oids: tuple[int, ...], extension: str) -> Function:
    oid, name, namespace, kind, language, volatility, arguments, defaults, variadic, returns, returns_set, *rest = row
    strict, definer, source, definition, all_names, modes, all_oids, config, owner, preset, executable, xmin = rest
    own_name = schemas.name(namespace, name)
    argument_names, out_names, out_oids = _arguments(all_names, modes, all_oids)
    return Function(
        oid=oid,
        name=own_name,
        kind=kind,
        language=language,
        volatility=volatility,
        argument_oids=tuple(arguments),
        default_count=defaults,
        variadic_oid=variadic,
        return_oid=returns,
        returns_set=returns_set,
        strict=strict,
        security_definer=definer,
        builtin=_is_builtin(oid, own_name),
        support_oids=support_oids,
        source=source,
        definition=definition,
        argument_names=argument_names,
        owner=schemas.role(owner),
        extension=extension,
        config=tuple(config or ()),
        executable=executable and schemas.usable(namespace),
        out_names=out_names,
        out_oids=out_oids,
        defaults=preset,
        xmin=xmin,
    )


def _arguments(
    names: list[str] | None, modes: list[str] | None, oids: list[int] | None
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]:
    """Names of the inputs, names and types of the outputs. Modes: i in, o out, b both, v variadic, t table column."""
    if modes is None or oids is None:
        return tuple(names or ()), (), ()
    labels = names or [""] * len(modes)
    inputs = tuple(label for label, mode in zip(labels, modes, strict=True) if mode in "ibv")
    outputs = [place for place, mode in enumerate(modes) if mode in "obt"]
    return inputs, tuple(labels[place] for place in outputs), tuple(oids[place] for place in outputs)


def _is_builtin(oid: int, name: Name) -> bool:
    return oid < FIRST_USER_OID and name.schema == "pg_catalog"
