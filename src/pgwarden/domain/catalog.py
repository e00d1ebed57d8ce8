"""What is known about one database's structure: a value, read once, joined with statements by pure code.

Everything is keyed by oid, since names may be shadowed by ``search_path``; lookups by name follow
PostgreSQL's rules. Kind letters are those of the system catalogs (``relkind``, ``contype`` …), so that a
reader can check them against PostgreSQL's own documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeVar

from pgwarden.domain.keywords import RESERVED

K = TypeVar("K")
V = TypeVar("V")
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


class Name(NamedTuple):
    """A qualified name. ``str()`` gives it quoted where SQL needs quotes."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}"


def quote_identifier(identifier: str) -> str:
    """The identifier as SQL takes it back unchanged; quoted unless it is plainly lower-case and no keyword."""
    if _PLAIN.fullmatch(identifier) and identifier not in RESERVED:
        return identifier
    return '"' + identifier.replace('"', '""') + '"'


class Column(NamedTuple):
    """One column of a relation (a tuple, since a catalog may hold hundreds of thousands)."""

    number: int
    """``attnum``: 1-based, with gaps where columns were dropped."""
    name: str
    type_oid: int
    type_name: str
    """``format_type`` with its modifier, e.g. ``numeric(10,2)``."""
    not_null: bool
    default: str | None
    generated: str
    """``''``, ``'s'`` stored, ``'v'`` virtual (PostgreSQL 18)."""
    identity: str
    """``''``, ``'a'`` always, ``'d'`` by default."""
    collation_oid: int
    comment: str | None
    selectable: bool
    """Whether the connected role may read this column."""


class Type(NamedTuple):
    """A data type. ``kind`` is ``typtype``: b base, c composite, d domain, e enum, p pseudo, r range, m multirange."""

    oid: int
    name: Name
    kind: str
    category: str
    """``typcategory``, e.g. N numeric, S string, D date/time."""
    preferred: bool
    element_oid: int
    """Element type of a true array, else 0."""
    base_oid: int
    """Base type of a domain, else 0."""
    relation_oid: int
    """Relation behind a composite type, else 0."""
    array_oid: int
    range_subtype_oid: int = 0
    labels: tuple[str, ...] = ()
    """Labels of an enum in sort order."""
    checks: tuple[str, ...] = ()
    """CHECK expressions of a domain."""
    input_oid: int = 0
    """The input function: what runs when a literal becomes this type."""
    output_oid: int = 0
    """The output function: what runs when a value of this type is shown."""


class Constraint(NamedTuple):
    """A table constraint. ``kind`` is ``contype``: p, u, f, c, x, n (not null, PostgreSQL 18), t."""

    oid: int
    name: str
    kind: str
    relation_oid: int
    columns: tuple[int, ...]
    definition: str | None
    """``pg_get_constraintdef`` for CHECK and EXCLUDE, else None."""
    foreign_oid: int = 0
    foreign_columns: tuple[int, ...] = ()
    on_delete: str = ""
    """a no action, r restrict, c cascade, n set null, d set default."""
    on_update: str = ""
    delete_set_columns: tuple[int, ...] = ()
    """The columns of ``ON DELETE SET NULL (columns)``; empty means all."""
    match: str = ""
    deferrable: bool = False
    deferred: bool = False
    validated: bool = True
    index_oid: int = 0
    parent_oid: int = 0
    """The constraint of the partitioned parent that this one was inherited from, else 0."""
    enforced: bool = True
    """False for NOT ENFORCED (PostgreSQL 18): it is written down, and neither checked nor acts."""
    temporal: bool = False
    """WITHOUT OVERLAPS, or a foreign key with PERIOD (PostgreSQL 18): its last column is a time."""


class Index(NamedTuple):
    """An index. Expression keys show as 0 in ``columns``."""

    oid: int
    name: str
    relation_oid: int
    columns: tuple[int, ...]
    """Key columns only (INCLUDE columns are left out)."""
    unique: bool
    primary: bool
    valid: bool
    method: str
    predicate: str | None
    definition: str
    nulls_not_distinct: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    """A user trigger. ``type_bits`` is ``tgtype``; the properties read it."""

    oid: int
    name: str
    relation_oid: int
    function_oid: int
    type_bits: int
    enabled: str
    """``tgenabled``: O origin, D disabled, R replica, A always."""
    constraint_oid: int
    deferrable: bool
    deferred: bool
    definition: str
    old_table: str | None = None
    new_table: str | None = None

    @property
    def per_row(self) -> bool:
        return bool(self.type_bits & 1)

    @property
    def timing(self) -> str:
        return "INSTEAD OF" if self.type_bits & 64 else "BEFORE" if self.type_bits & 2 else "AFTER"

    @property
    def events(self) -> frozenset[str]:
        bits = {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
        return frozenset(event for event, bit in bits.items() if self.type_bits & bit)


FIRING = "OA"
"""Values of ``tgenabled`` and ``ev_enabled`` with which a trigger or rule works in an ordinary session."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rewrite rule that a user wrote; views' own ``_RETURN`` rules are left out.

    ``event`` is SELECT, UPDATE, INSERT or DELETE.
    """

    oid: int
    name: str
    relation_oid: int
    event: str
    instead: bool
    enabled: str
    definition: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A row-level security policy. ``command`` is ``polcmd``: r, a, w, d or * for all."""

    oid: int
    name: str
    relation_oid: int
    command: str
    permissive: bool
    using: str | None
    check: str | None
    roles: tuple[str, ...] = ()
    """Roles that it applies to; ``public`` for everyone."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function, aggregate, window function or procedure. ``kind`` is ``prokind``: f, a, w, p."""

    oid: int
    name: Name
    kind: str
    language: str
    volatility: str
    """``provolatile``: i, s, v. For user functions a claim, not a fact."""
    argument_oids: tuple[int, ...]
    """Input argument types, variadic array type included."""
    default_count: int
    variadic_oid: int
    """Element type of the VARIADIC argument, else 0."""
    return_oid: int
    returns_set: bool
    strict: bool
    security_definer: bool
    builtin: bool
    """Whether it came with the server (oid below 16384 and schema pg_catalog)."""
    support_oids: tuple[int, ...] = ()
    """For aggregates: transition, final, combine … functions, which run too."""
    source: str | None = None
    """Body text of a user function; None for built-in and C functions, and when not readable."""
    definition: str | None = None
    """``pg_get_functiondef`` where a parse of the body needs it (SQL-standard bodies), else None."""
    argument_names: tuple[str, ...] = ()
    owner: str = ""
    extension: str = ""
    """The extension it belongs to, or ''."""
    config: tuple[str, ...] = ()
    """``proconfig``: settings attached to it, e.g. ``search_path=…``."""
    executable: bool = True
    """Whether the connected role may call it."""
    out_names: tuple[str, ...] = ()
    out_oids: tuple[int, ...] = ()
    """OUT / TABLE columns, where it has them."""
    defaults: str | None = None
    """Default expressions of a user function's last arguments, comma-separated (``pg_get_expr``); None: not known."""
    xmin: str = ""
    """Change hint, as in ``Relation.xmin``."""


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator; ``left_oid`` is 0 for a prefix operator."""

    oid: int
    name: Name
    left_oid: int
    right_oid: int
    result_oid: int
    function_oid: int
    builtin: bool


@dataclass(frozen=True, slots=True)
class Cast:
    """A cast. ``context``: i implicit, a assignment, e explicit. ``method``: f function, i in/out, b binary."""

    source_oid: int
    target_oid: int
    function_oid: int
    context: str
    method: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, view, materialized view, sequence, foreign or partitioned table, with all that hangs on it.

    ``kind`` is ``relkind``: r table, p partitioned, v view, m materialized view, f foreign table, S sequence,
    c composite.
    """

    oid: int
    name: Name
    kind: str
    owner: str
    persistence: str
    """p permanent, u unlogged, t temporary."""
    columns: tuple[Column, ...]
    estimated_rows: float
    """``reltuples``; -1 when never analyzed."""
    pages: int
    """``relpages`` (8 kB each by default)."""
    comment: str | None = None
    row_security: bool = False
    force_row_security: bool = False
    partition_of: int = 0
    partition_key: str | None = None
    partition_bound: str | None = None
    inherits: tuple[int, ...] = ()
    extension: str = ""
    selectable: bool = True
    """Whether the connected role may read it, or a column of it; the other three are rights on the whole."""
    insertable: bool = False
    updatable: bool = False
    deletable: bool = False
    view_definition: str | None = None
    """The query of a view or materialized view."""
    reads: tuple[int, ...] = ()
    """Oids of the relations that a view or materialized view reads directly."""
    security_invoker: bool = False
    foreign_server: str = ""
    constraints: tuple[Constraint, ...] = ()
    indexes: tuple[Index, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    rules: tuple[Rule, ...] = ()
    policies: tuple[Policy, ...] = ()
    publications: tuple[str, ...] = ()
    withheld: bool = False
    """Whether columns were left out because the reader may not see them: ``*`` would ask for more than is here."""
    xmin: str = ""
    """Change hint: digest of the xmins of its catalog rows. 'May have changed', never proof."""

    @property
    def is_table(self) -> bool:
        return self.kind in "rpf"

    @property
    def interposed(self) -> bool:
        """Whether a BEFORE trigger or a rule may still change, suppress or replace what is done to a row."""
        before = any(t.timing == "BEFORE" and t.per_row and t.enabled in FIRING for t in self.triggers)
        return before or any(rule.enabled in FIRING for rule in self.rules)

    def partitioned_by(self, columns: Iterable[str]) -> bool:
        """Whether its partition key reads one of these columns."""
        names = (re.escape(column.replace('"', '""')) for column in columns)
        return any(re.search(rf'(?<![\w"])"?{name}"?(?![\w"])', self.partition_key or "") for name in names)

    def column(self, name: str) -> Column | None:
        """The column of that exact name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)

    def column_at(self, number: int) -> Column | None:
        """The column with that ``attnum``, if it still exists."""
        return next((column for column in self.columns if column.number == number), None)

    @property
    def primary_key(self) -> Constraint | None:
        return next((constraint for constraint in self.constraints if constraint.kind == "p"), None)

    @property
    def foreign_keys(self) -> tuple[Constraint, ...]:
        return tuple(constraint for constraint in self.constraints if constraint.kind == "f")


@dataclass(frozen=True, slots=True)
class InferredJoin:
    """Two columns that join although no foreign key says so. ``score`` is 0–1; ``evidence`` says why in words."""

    relation_oid: int
    column: int
    foreign_oid: int
    foreign_column: int
    score: float
    evidence: str


@dataclass(frozen=True, repr=False)
class Catalog:
    """One database's structure as one role sees it at one moment."""

    database: str
    database_oid: int
    server_version: int
    """``server_version_num``, e.g. 180004."""
    role: str
    search_path: tuple[str, ...]
    """Schemas that unqualified names are looked up in, ``pg_catalog`` first unless the path says otherwise."""
    relations: Mapping[int, Relation]
    types: Mapping[int, Type]
    functions: Mapping[int, Function]
    operators: Mapping[int, Operator]
    casts: tuple[Cast, ...]
    inferred_joins: tuple[InferredJoin, ...] = ()
    version: str = ""
    """Hash of the definitions: equal versions mean equal structure."""
    schema_comments: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Short: a catalog is a million values, and loops, logs and tests call repr on what they hold."""
        return f"<Catalog of {self.database} as {self.role}: {len(self.relations)} relations, version {self.version}>"

    opclass_support: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """Type oid → support functions of users' operator classes for it: they run when its values are sorted or hashed."""
    statistics_expressions: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """Relation oid → expressions of its extended statistics, which the planner looks at."""

    @cached_property
    def by_name(self) -> Mapping[Name, Relation]:
        return {relation.name: relation for relation in self.relations.values()}

    @cached_property
    def functions_by_name(self) -> Mapping[str, tuple[Function, ...]]:
        return _grouped((f.name.name, f) for f in self.functions.values())

    @cached_property
    def operators_by_name(self) -> Mapping[str, tuple[Operator, ...]]:
        return _grouped((o.name.name, o) for o in self.operators.values())

    @cached_property
    def types_by_name(self) -> Mapping[Name, Type]:
        return {type_.name: type_ for type_ in self.types.values()}

    @cached_property
    def casts_by_pair(self) -> Mapping[tuple[int, int], Cast]:
        return {(cast.source_oid, cast.target_oid): cast for cast in self.casts}

    @cached_property
    def referencing(self) -> Mapping[int, tuple[Constraint, ...]]:
        """Foreign keys that point at a relation, by that relation's oid."""
        return _grouped((fk.foreign_oid, fk) for r in self.relations.values() for fk in r.foreign_keys)

    @cached_property
    def partitions(self) -> Mapping[int, tuple[Relation, ...]]:
        """Direct partitions of a partitioned table, by its oid."""
        return _grouped((r.partition_of, r) for r in self.relations.values() if r.partition_of)

    @cached_property
    def heirs(self) -> Mapping[int, tuple[Relation, ...]]:
        """Tables that inherit from a table without being its partitions, by its oid."""
        plain = (r for r in self.relations.values() if r.inherits and not r.partition_of)
        return _grouped((parent, relation) for relation in plain for parent in relation.inherits)

    @cached_property
    def views_of(self) -> Mapping[int, tuple[Relation, ...]]:
        """Views and materialized views that read a relation, through other views too, by its oid."""
        views = (r for r in self.relations.values() if r.kind in "vm")
        return _grouped((oid, view) for view in views for oid in self._read_by(view))

    def _read_by(self, view: Relation) -> set[int]:
        found: set[int] = set()
        waiting = list(view.reads)
        while waiting:
            oid = waiting.pop()
            if oid not in found:
                found.add(oid)
                waiting += self.relations[oid].reads if oid in self.relations else ()
        return found

    @cached_property
    def user_relations(self) -> tuple[Relation, ...]:
        """Relations outside the system schemas and outside pgwarden's own, sorted by name."""
        hidden = ("pg_catalog", "information_schema", "pg_toast", "pgwarden", "pgwarden_control")
        found = (r for r in self.relations.values() if r.name.schema not in hidden and r.kind in "rpvmf")
        return tuple(sorted(found, key=lambda r: r.name))

    def resolve_relation(self, name: str, schema: str | None = None) -> Relation | None:
        """The relation that SQL means by this name, following ``search_path`` when no schema is given."""
        schemas = (schema,) if schema else self.search_path
        return next((r for s in schemas if s and (r := self.by_name.get(Name(s, name)))), None)

    def partition_tree(self, oid: int) -> Iterator[Relation]:
        """The relation itself and every partition below it."""
        yield self.relations[oid]
        for child in self.partitions.get(oid, ()):
            yield from self.partition_tree(child.oid)


def _grouped(pairs: Iterator[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    groups: dict[K, list[V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}
