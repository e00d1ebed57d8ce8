"""One row of a catalog query → one noun of the domain, a function each. Positions are those of ``catalog.sql``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Any

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

    def usable(self, namespace: int) -> bool:
        """Whether the connected role may look anything up in that schema."""
        return self._usable.get(namespace, False)

    def role(self, oid: int) -> str:
        return self._roles.get(oid, "")


class IndexedTable:
    """What the definition of an index says of its table, put together once per table and only where it is asked."""

    def __init__(self, name: Name, columns: tuple[Column, ...]) -> None:
        self._name, self._columns = name, columns

    @cached_property
    def name(self) -> str:
        return str(self._name)

    @cached_property
    def columns(self) -> dict[int, str]:
        """Names by number, quoted where SQL needs it."""
        return {column.number: quote_identifier(column.name) for column in self._columns}


def type_of(row: Row, schemas: Schemas, subtype: int, labels: tuple[str, ...], checks: tuple[str, ...]) -> Type:
    oid, name, namespace, kind, category, preferred, element, base, relation, array, input_, output = row
    own_name = schemas.name(namespace, name)
    return Type(
        oid,
        own_name,
        kind,
        category,
        preferred,
        element,
        base,
        relation,
        array,
        subtype,
        labels,
        checks,
        input_,
        output,
    )


@lru_cache(maxsize=4096)
def _numbers(text: str | None) -> tuple[int, ...]:
    """Column numbers as PostgreSQL writes them, ``{1,2}`` or ``1 2``. Few differ, so equal ones share one tuple."""
    return tuple(int(number) for number in text.strip("{}").replace(",", " ").split()) if text else ()


def constraint_of(row: Row) -> Constraint:
    oid, name, kind, relation, columns, definition, foreign, foreign_columns, on_delete, on_update, *rest = row
    delete_set, match, deferrable, deferred, validated, index, parent = rest
    is_foreign_key = kind == "f"
    return Constraint(
        oid,
        name,
        kind,
        relation,
        _numbers(columns),
        definition,
        foreign,
        _numbers(foreign_columns),
        on_delete if is_foreign_key else "",
        on_update if is_foreign_key else "",
        _numbers(delete_set),
        match if is_foreign_key else "",
        deferrable,
        deferred,
        validated,
        index,
        parent,
    )


def index_of(row: Row, table: IndexedTable) -> Index:
    oid, name, relation, keys, key_count, unique, primary, valid, method, predicate, definition, distinct = row
    columns = _numbers(keys)[:key_count]
    if definition is None:
        definition = _plain_definition(name, table, unique, method, columns)
    return Index(oid, name, relation, columns, unique, primary, valid, method, predicate, definition, distinct)


def _plain_definition(name: str, table: IndexedTable, unique: bool, method: str, columns: tuple[int, ...]) -> str:
    """What pg_get_indexdef says of an index on whole columns with nothing special, without asking it."""
    listed = ", ".join(table.columns.get(number, "?") for number in columns)  # "?": dropped meanwhile
    kind = "UNIQUE INDEX" if unique else "INDEX"
    return f"CREATE {kind} {quote_identifier(name)} ON {table.name} USING {method} ({listed})"


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
