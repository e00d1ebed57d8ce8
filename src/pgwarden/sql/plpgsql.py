"""PL/pgSQL functions, judged by the queries and expressions in their bodies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pgwarden.domain.catalog import Name
from pgwarden.domain.errors import PgwardenError
from pgwarden.sql.bodies import argument_scope, argument_values, body_walk
from pgwarden.sql.explain import reading
from pgwarden.sql.judgement import Judgement, joined, refused
from pgwarden.sql.parse import parse
from pgwarden.sql.plpgsql_body import Body, NotUnderstood, read_body
from pgwarden.sql.relations import summary
from pgwarden.sql.scope import Lineage, Scope, Value, merged
from pgwarden.sql.typesystem import BOOL, POLYMORPHIC, TEXT, UNKNOWN

if TYPE_CHECKING:
    from pgwarden.domain.catalog import Function
    from pgwarden.sql.index import Index
    from pgwarden.sql.parse import Tree
    from pgwarden.sql.policy import ReadPolicy

MAX_BODY = 200_000
_REFERENCE = re.compile(r"^(.*?)%\s*(type|rowtype)\s*(\[\s*\]|array)?$", re.IGNORECASE | re.DOTALL)


def judge(index: Index, function: Function, policy: ReadPolicy) -> Judgement:
    """What calling the function does."""
    what = f"function {function.name}"
    if len(function.source or "") > MAX_BODY:
        return refused("function-not-understood", f"{what} is longer than {MAX_BODY:,} characters")
    try:
        body = read_body(function.source or "")
    except NotUnderstood as error:
        return refused("function-not-understood", f"{what}: {error}")
    if body.refusals:
        said = "; ".join(dict.fromkeys(body.refusals))
        return refused("function-has-effects", f"{what}: {said}")
    judge_ = _Fragments(index, function, policy)
    judge_.declare(body)
    for text, target in body.expressions:
        judge_.expression(text, target)
    for text in body.queries:
        judge_.query(text)
    return judge_.found()


class _Fragments:
    """Judges the SQL fragments of one body, all with its variables in scope."""

    def __init__(self, index: Index, function: Function, policy: ReadPolicy) -> None:
        self._index = index
        self._function = function
        self._policy = policy
        self._scope = argument_scope(function, argument_values(function))
        self._targets: dict[str, int] = {"return": 0 if function.returns_set else function.return_oid}
        self._parts: list[Judgement] = []
        self._returns: Lineage = frozenset()

    def declare(self, body: Body) -> None:
        variables = self._scope.variables
        variables.update(found=Value(BOOL), sqlstate=Value(TEXT), sqlerrm=Value(TEXT))
        for name, type_ in zip(self._function.out_names, self._function.out_oids, strict=False):
            if name:
                self._put(name, Value(0 if type_ in POLYMORPHIC else type_))
        for name, written in body.variables:
            self._put(name.strip('"'), self._typed(written))
        for name, other in body.aliases:
            number = int(other[1:]) if other[:1] == "$" and other[1:].isdigit() else 0
            known = argument_values(self._function).get(number) if number else variables.get(other)
            self._put(name, known or Value(0))
        for label in body.labels:
            for name in [name for name in variables if "." not in name]:
                variables[f"{label}.{name}"] = variables[name]

    def _put(self, name: str, value: Value) -> None:
        """Blocks may declare a name twice: with two types it may be either."""
        known = self._scope.variables.get(name)
        if known is not None and known.type != value.type:
            value = Value(0)
        self._scope.variables[name] = value
        self._scope.variables[f"{self._function.name.name}.{name}"] = value
        self._targets[name] = value.type

    def _typed(self, written: str) -> Value:
        """The value of a declared type; records, and types of loop variables, cannot be told."""
        if not written or written.lower() in (
            "record",
            "anyelement",
            "anyarray",
            "anycompatible",
            "anycompatiblearray",
        ):
            return Value(0)
        if (reference := _REFERENCE.match(written.strip())) is not None:
            return self._referenced(reference[1].strip(), reference[2].lower(), bool(reference[3]))
        tree = self._parse(f"SELECT NULL::{written}")
        if tree is None:
            return Value(0)
        walk, _ = body_walk(self._index, self._function, self._policy, tree)
        value = reading(walk, tree.statements[0]["stmt"], Scope()).columns
        self._take(walk)
        return Value(value[0][1].type) if len(value) == 1 else Value(0)

    def _referenced(self, written: str, kind: str, array: bool) -> Value:
        parts = [part.strip().strip('"') for part in written.split(".")]
        if kind == "rowtype":
            relation = self._relation(parts)
            return Value(self._index.row_type(relation) if relation else 0)
        variable = self._scope.variables.get(".".join(parts))
        type_ = variable.type if variable else 0
        if variable is None and len(parts) > 1 and (oid := self._relation(parts[:-1])):
            column = self._index.catalog.relations[oid].column(parts[-1])
            type_ = column.type_oid if column else 0
        return Value(self._index.types.array_of(type_) if array else type_)

    def _relation(self, parts: list[str]) -> int:
        by_name = self._index.catalog.by_name
        if len(parts) == 1:
            schemas = self._index.resolver.search_path
            return next((r.oid for s in schemas if (r := by_name.get(Name(s, parts[0])))), 0)
        found = by_name.get(Name(parts[-2], parts[-1]))
        return found.oid if found else 0

    def expression(self, text: str, target: str) -> None:
        """``SELECT text``; its value is assigned to ``target``."""
        self._walk(f"SELECT {text}", self._targets.get(target, 0))

    def query(self, text: str) -> None:
        self._walk(text, 0)

    def _walk(self, text: str, target: int) -> None:
        tree = self._parse(text)
        if tree is None:
            return
        walk, _ = body_walk(self._index, self._function, self._policy, tree)
        shape = reading(walk, tree.statements[0]["stmt"], self._scope)
        for _, value in shape.columns:
            if target and len(shape.columns) == 1 and value.type != UNKNOWN:
                walk.explicit(value, target, None)
            elif target:
                walk.take(self._index.of_type(target, self._policy), None)
        self._returns |= merged([value for _, value in shape.columns])
        self._take(walk)

    def _take(self, walk: object) -> None:
        from pgwarden.sql.walk import Walk

        assert isinstance(walk, Walk)
        walk.audit()
        self._parts.append(summary(walk))

    def _parse(self, text: str) -> Tree | None:
        try:
            tree = parse(text)
        except PgwardenError as error:
            self._refuse(error.why or error.what)
            return None
        if len(tree.statements) != 1:
            self._refuse("a part of its body is not one statement")
            return None
        return tree

    def _refuse(self, why: str) -> None:
        self._parts.append(refused("function-not-understood", f"function {self._function.name}: {why}"))

    def found(self) -> Judgement:
        whole = joined(self._parts)
        return Judgement(
            whole.reasons,
            whole.reads,
            whole.functions,
            whole.conditions,
            whole.stable,
            whole.opaque,
            whole.returns | self._returns,
        )
