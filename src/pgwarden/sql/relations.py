"""What runs when a relation is read: a view's query, policies, partitions, and expressions the planner evaluates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pgwarden.domain.errors import PgwardenError
from pgwarden.sql import effects
from pgwarden.sql.judgement import CLEAN, Judgement, joined, refused
from pgwarden.sql.parse import parse
from pgwarden.sql.scope import Lineage, Scope, Shape, Source, Value
from pgwarden.sql.walk import Walk

if TYPE_CHECKING:
    from pgwarden.domain.catalog import Relation, Type
    from pgwarden.sql.index import Index
    from pgwarden.sql.policy import ReadPolicy

SYSTEM = frozenset({"pg_catalog", "information_schema"})


def judge_relation(index: Index, relation: Relation, policy: ReadPolicy) -> Judgement:
    """What reading the relation does beyond handing out its own rows."""
    name = f"{relation.name.schema}.{relation.name.name}"
    if relation.name.schema in SYSTEM and relation.oid < 16384:
        why = effects.SECRET_RELATIONS.get(name)
        if why is not None and name not in policy.relations:
            return refused("secret-relation", f"{name} {why}")
        return Judgement(stable=False)
    if name in policy.relations:
        return Judgement(stable=False)
    if relation.name.schema.startswith("pg_toast"):
        return refused("secret-relation", f"{name} holds parts of other tables' rows")
    if relation.name.name in effects.SECRET_EXTENSION_RELATIONS and (relation.extension or relation.kind == "v"):
        return refused("secret-relation", f"{name} shows what other sessions do")
    if relation.kind == "f" and not policy.foreign_tables:
        return refused("foreign-table", f"{name} is a foreign table: reading it runs queries on another server")
    if relation.kind == "v":
        return judge_definition(index, relation, policy)
    if relation.kind not in "rpmSf":
        return refused("not-a-table", f"{name} is not a table or view")
    parts = [_judge_policies(index, relation, policy), _judge_planned(index, relation, policy)]
    parts += [_judge_child(index, child, policy) for child in _children(index, relation)]
    if relation.kind == "m":
        parts.append(Judgement(reads=frozenset(relation.reads)))
    return joined(parts)


def _children(index: Index, relation: Relation) -> list[Relation]:
    inherited = index.inheriting.get(relation.oid, ())
    return [*index.catalog.partitions.get(relation.oid, ()), *inherited]


def _judge_child(index: Index, child: Relation, policy: ReadPolicy) -> Judgement:
    """A partition is read with its parent; the parent's policies apply, not its own."""
    found = index.of_relation(child, policy)
    return joined([found, Judgement(reads=frozenset({child.oid}))])


def _view_walk(index: Index, relation: Relation, policy: ReadPolicy, *, judging: bool) -> tuple[Walk, Shape]:
    from pgwarden.sql.queries import query

    tree = parse(relation.view_definition or "")
    walk = Walk(index, policy, tree, index.session.resolver, own=False, what=f"view {relation.name}")
    walk.judging = judging
    shape = query(walk, tree.statements[0]["stmt"], Scope())
    walk.audit()
    return walk, shape


def judge_definition(index: Index, relation: Relation, policy: ReadPolicy) -> Judgement:
    if not relation.view_definition:
        return refused("view-not-readable", f"the definition of view {relation.name} cannot be read")
    try:
        walk, _ = _view_walk(index, relation, policy, judging=True)
    except PgwardenError as error:
        return refused("view-not-understood", f"view {relation.name}: {error.why or error.what}")
    return summary(walk)


def summary(walk: Walk, returns: Lineage = frozenset()) -> Judgement:
    """The findings of a walk over a definition, told from the outside."""
    reasons = tuple(
        type(r)(r.code, f"{walk.what}: {r.message}" if walk.what else r.message, None, r.hint) for r in walk.found()
    )
    found = Judgement(
        reasons,
        frozenset(walk.reads),
        frozenset(walk.functions),
        frozenset(walk.conditions),
        walk.stable,
        returns=returns,
    )
    return CLEAN if found == CLEAN else found


def lineage_behind(index: Index, relation: Relation, policy: ReadPolicy) -> Mapping[int, Lineage]:
    """Column number -> the base columns behind it, for views of users and what was materialized from them."""
    if relation.kind not in "vm" or relation.oid < 16384 or not relation.view_definition:
        return _generated_lineage(relation)
    try:
        _, shape = _view_walk(index, relation, policy, judging=False)
    except PgwardenError:
        return {}
    numbers = [column.number for column in relation.columns]
    own = relation.kind == "m"
    return {
        number: value.lineage | {(relation.oid, number)}
        if own
        else value.lineage or frozenset({(relation.oid, number)})
        for number, (_, value) in zip(numbers, shape.columns, strict=False)
    }


def _generated_lineage(relation: Relation) -> Mapping[int, Lineage]:
    """A generated column shows what the columns of its expression hold."""
    if not any(column.generated for column in relation.columns):
        return {}
    found = {}
    for column in relation.columns:
        if column.generated and column.default:
            behind = {(relation.oid, c.number) for c in relation.columns if c.name in column.default}
            found[column.number] = frozenset(behind | {(relation.oid, column.number)})
    return found


# -- expressions on a table --------------------------------------------------------------------------------------------


def _judge_policies(index: Index, relation: Relation, policy: ReadPolicy) -> Judgement:
    if not relation.row_security:
        return CLEAN
    wanted = [p for p in relation.policies if p.command in "r*" and p.using]
    return joined(
        [
            judge_expression(index, relation, p.using or "", policy, f"policy {p.name} on {relation.name}")
            for p in wanted
        ]
    )


def _judge_planned(index: Index, relation: Relation, policy: ReadPolicy) -> Judgement:
    """The planner evaluates constant parts of index expressions, checks and partition keys while it plans a read."""
    parts = [
        judge_expression(index, relation, column.default, policy, f"generated column {relation.name}.{column.name}")
        for column in relation.columns
        if column.generated == "v" and column.default
    ]
    if relation.partition_key:
        parts.append(_judge_partition_key(index, relation, policy))
    builtin = {column.type_oid for column in relation.columns if column.type_oid < 16384}
    supports = {oid for type_ in builtin for oid in index.catalog.opclass_support.get(type_, ())}
    if supports:  # an index or partition key may sort built-in types in a user's way
        parts.append(index.of_functions(frozenset(supports), policy))
    for text in index.catalog.statistics_expressions.get(relation.oid, ()):
        scope = _row_scope(index, relation)
        parts.append(_judge_text(index, text, scope, policy, f"statistics on {relation.name}", planned=True))
    for wanted in relation.indexes:
        if 0 in wanted.columns or wanted.predicate:
            parts.append(_judge_index(index, relation, wanted.definition, policy))
    for check in relation.constraints:
        if check.kind == "c" and check.definition:
            what = f"check {check.name} on {relation.name}"
            scope = _row_scope(index, relation)
            parts.append(_judge_text(index, _check_text(check.definition), scope, policy, what, planned=True))
    return joined([Judgement(part.reasons, functions=part.functions) if part is not CLEAN else part for part in parts])


def _judge_index(index: Index, relation: Relation, definition: str, policy: ReadPolicy) -> Judgement:
    try:
        tree = parse(definition)
    except PgwardenError as error:
        return refused("index-not-understood", f"an index of {relation.name}: {error.why}")
    body = tree.statements[0]["stmt"]["IndexStmt"]
    walk = _expression_walk(index, tree, policy, f"index {body.get('idxname', '')} on {relation.name}")
    walk.planned = True
    scope = _row_scope(index, relation)
    for node in body.get("indexParams", ()):
        if "expr" in node["IndexElem"]:
            walk.value(node["IndexElem"]["expr"], scope)
    if "whereClause" in body:
        walk.value(body["whereClause"], scope)
    return summary(walk)


def _judge_partition_key(index: Index, relation: Relation, policy: ReadPolicy) -> Judgement:
    try:
        tree = parse(f"CREATE TABLE t () PARTITION BY {relation.partition_key}")
    except PgwardenError as error:
        return refused("definition-not-understood", f"the partition key of {relation.name}: {error.why}")
    walk = _expression_walk(index, tree, policy, f"partition key of {relation.name}")
    walk.planned = True
    scope = _row_scope(index, relation)
    for node in tree.statements[0]["stmt"]["CreateStmt"]["partspec"]["partParams"]:
        if "expr" in node["PartitionElem"]:
            walk.value(node["PartitionElem"]["expr"], scope)
    return summary(walk)


def judge_written(index: Index, relation: Relation, verb: str, policy: ReadPolicy) -> Judgement:
    """What planning a change of the relation evaluates: constant parts of defaults, and the rules of users."""
    parts = []
    for column in relation.columns:
        if column.default:
            what = f"default of {relation.name}.{column.name}"
            scope = _row_scope(index, relation)
            parts.append(_judge_text(index, column.default, scope, policy, what, planned=True))
    for rule in relation.rules:
        if verb not in (rule.event, "MERGE"):
            continue
        parts.append(refused("has-rules", f"{relation.name} has rule {rule.name}, which rewrites the statement"))
    for oid in relation.reads if relation.kind == "v" else ():
        parts.append(index.of_written(index.catalog.relations[oid], verb, policy))
    return joined(parts)


def _expression_walk(index: Index, tree: object, policy: ReadPolicy, what: str) -> Walk:
    return Walk(index, policy, tree, index.session.resolver, own=False, what=what)  # type: ignore[arg-type]


def _row_scope(index: Index, relation: Relation) -> Scope:
    """The columns of one row of the relation (without looking into it: it may be open right now)."""
    columns = tuple((c.name, Value(c.type_oid, frozenset({(relation.oid, c.number)}))) for c in relation.columns)
    system = {"tableoid": Value(26)}
    shape = Shape(columns, False, index.row_type(relation.oid), system)
    return Scope(None, [Source(relation.name.name, shape, relation.name.schema)])


def judge_expression(index: Index, relation: Relation, text: str, policy: ReadPolicy, what: str) -> Judgement:
    """An expression that belongs to a table, over one of its rows."""
    return _judge_text(index, text, _row_scope(index, relation), policy, what)


_CHECK_ENDINGS = (" NOT VALID", " NO INHERIT", " NOT ENFORCED", " ENFORCED")


def _check_text(definition: str) -> str:
    """The expression of ``CHECK (…)`` without the words after it."""
    text = definition.removeprefix("CHECK ")
    while (ending := next((e for e in _CHECK_ENDINGS if text.endswith(e)), None)) is not None:
        text = text.removesuffix(ending)
    return text


def _judge_text(
    index: Index, text: str, scope: Scope, policy: ReadPolicy, what: str, *, planned: bool = False
) -> Judgement:
    try:
        tree = parse(f"SELECT {text}")
    except PgwardenError as error:
        return refused("definition-not-understood", f"{what}: {error.why}")
    walk = _expression_walk(index, tree, policy, what)
    walk.planned = planned
    body = walk.mark(tree.statements[0]["stmt"])
    if body.keys() - {"targetList", "limitOption", "op"}:
        return refused("definition-not-understood", f"{what} is not an expression")
    for node in body.get("targetList", ()):
        walk.value(walk.mark(node)["val"], scope)
    walk.audit()
    return summary(walk)


def judge_domain(index: Index, type_: Type, policy: ReadPolicy) -> Judgement:
    """The checks of a domain, over its VALUE."""
    base = Value(type_.base_oid)
    scope = Scope()
    scope.variables = {"value": base}
    parts = []
    for check in type_.checks:
        parts.append(_judge_text(index, _check_text(check), scope, policy, f"domain {type_.name}"))
    return joined(parts)


def judge_defaults(index: Index, text: str | None, policy: ReadPolicy, what: str) -> Judgement:
    """The default expressions of a function's arguments."""
    if text is None:
        return refused("definition-not-readable", f"the argument defaults of {what} are not known")
    return _judge_text(index, text, Scope(), policy, what)
