"""One walk over one parse tree: dispatches nodes to their handlers and collects what they find.

Two nets hold the walk together. A handler names every field it understands: a node with another field is refused.
And at the end the number of nodes that were visited must equal the number of nodes in the tree's own text, so that
no handler can pass over a branch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from pgwarden.domain.statement import Reason
from pgwarden.sql.scope import NOTHING, UNCERTAIN, Lineage, Scope, Shape, Value
from pgwarden.sql.typesystem import EXPLICIT, IMPLICIT, UNKNOWN

if TYPE_CHECKING:
    from pgwarden.domain.catalog import Function, Relation
    from pgwarden.sql.index import Index
    from pgwarden.sql.judgement import Judgement
    from pgwarden.sql.parse import Node, Tree
    from pgwarden.sql.policy import ReadPolicy
    from pgwarden.sql.resolution import Resolver

Handler = Callable[["Walk", dict[str, Any], Scope], Value]
H = TypeVar("H", bound=Handler)
HANDLERS: dict[str, tuple[Handler, frozenset[str]]] = {}
"""Node kind -> (handler, fields it understands)."""
SINCE: dict[str, int] = {}
"""Node kind -> first server version whose grammar has it: older servers read the same text as something else."""

_LEAVES = ("String", "Integer", "Float", "Boolean", "BitString", "A_Star", "List")
_NODES = re.compile(r'"(?!(?:' + "|".join(_LEAVES) + r')":)[A-Z][A-Za-z_]*":\{')


def handles(kind: str, fields: str, since: int = 0) -> Callable[[H], H]:
    """Register the handler of a node kind with the fields that it understands (``location`` always)."""

    def register(handler: H) -> H:
        HANDLERS[kind] = (handler, frozenset(fields.split()) | {"location"})
        if since:
            SINCE[kind] = since
        return handler

    return register


class Walk:
    """The state of one walk. ``own``: the text is the asker's, not a definition that an owner wrote."""

    def __init__(
        self, index: Index, policy: ReadPolicy, tree: Tree, resolver: Resolver, *, own: bool, what: str = ""
    ) -> None:
        self.index = index
        self.types = index.types
        self.resolver = resolver
        self.policy = policy
        self.tree = tree
        self.own = own
        self.what = what
        """How messages call the text when it is not the asker's own, e.g. ``function public.f``."""
        self.reasons: list[tuple[str, str, int | None, str]] = []
        self.reads: set[int] = set()
        self.writes: set[int] = set()
        self.functions: set[int] = set()
        self.conditions: set[tuple[int, int]] = set()
        self.seen: set[int] = set()
        self.stable = True
        self.parameters = 0
        self.arguments: Mapping[int, Value] | None = None
        """Values of ``$n`` inside a function body; None in a statement of its own."""
        self.changes: list[str] = []
        """Kinds of data changes met (INSERT …), main statement and common table expressions alike."""
        self.labels: dict[int, tuple[str, int]] = {}
        """Names of output columns found so far, by the id of their node."""
        self.runs = True
        """Off under EXPLAIN without ANALYZE: then nothing is locked and nothing is made."""
        self.planned = False
        """On for expressions that only the planner looks at: it evaluates the constant parts."""
        self.judging = True
        """Off while a definition is only asked for its columns (a materialized view's query does not run)."""

    # -- nodes -----------------------------------------------------------------------------------------------------

    def value(self, node: Node, scope: Scope) -> Value:
        """The value of one expression node."""
        for kind, body in node.items():
            self.seen.add(id(body))
            handler = HANDLERS.get(kind)
            if handler is None:
                self.refuse("not-understood", f"{kind} is not understood", body.get("location"))
                return UNCERTAIN
            if not handler[1].issuperset(body):
                unknown = ", ".join(sorted(body.keys() - handler[1]))
                self.refuse("not-understood", f"{kind} with {unknown} is not understood", body.get("location"))
            if kind in SINCE and self.index.version < SINCE[kind]:
                version = SINCE[kind] // 10000
                self.refuse(
                    "newer-syntax",
                    f"this is syntax of PostgreSQL {version}; the older server would read it as something else",
                    body.get("location"),
                )
            return handler[0](self, body, scope)
        return UNCERTAIN

    def values(self, nodes: Iterable[Node], scope: Scope) -> list[Value]:
        return [self.value(node, scope) for node in nodes]

    def mark(self, node: Node) -> dict[str, Any]:
        """The body of a node that its parent handles itself."""
        for body in node.values():
            self.seen.add(id(body))
            found: dict[str, Any] = body
            return found
        return {}

    def skip(self, item: Any) -> None:
        """Mark a part that is not judged because it does not run."""
        waiting = [item]
        while waiting:
            part = waiting.pop()
            if isinstance(part, list):
                waiting += part
            elif isinstance(part, dict):
                for key, inner in part.items():
                    if key[:1].isupper() and key not in _LEAVES and isinstance(inner, dict):
                        self.seen.add(id(inner))
                    waiting.append(inner)

    def audit(self) -> None:
        """Refuse unless every node of the tree was visited."""
        total = len(_NODES.findall(self.tree.json))
        if len(self.seen) != total:
            self.refuse(
                "not-understood", f"{abs(total - len(self.seen))} parts of the statement were not understood", None
            )

    # -- findings --------------------------------------------------------------------------------------------------

    def refuse(self, code: str, message: str, location: int | None, hint: str = "") -> None:
        if self.judging:
            self.reasons.append((code, message, location, hint))

    def take(self, judgement: Judgement, location: int | None) -> None:
        """Make what was found behind a function, type or relation part of this statement's findings."""
        self.reads |= judgement.reads
        self.functions |= judgement.functions
        self.conditions |= judgement.conditions
        self.stable = self.stable and judgement.stable
        for reason in judgement.reasons:
            self.refuse(reason.code, reason.message, location, reason.hint)

    def found(self) -> tuple[Reason, ...]:
        """The reasons, each once, in the order met."""
        unique = dict.fromkeys(self.reasons)
        return tuple(Reason(code, text, self.tree.offset(where), hint) for code, text, where, hint in unique)

    def condition(self, value: Value) -> Value:
        """Note that the value decides which rows, groups or order come out."""
        self.conditions |= value.lineage
        return value

    # -- what runs -------------------------------------------------------------------------------------------------

    def run_function(self, function: Function, location: int | None, arguments: Lineage = NOTHING) -> Lineage:
        """Note that the function runs. Gives the columns whose values it can hand back by itself."""
        if self.planned and (arguments or (function.volatility == "v" and function.language != "sql")):
            return NOTHING  # only constant calls are folded, and volatile ones never (SQL ones may be inlined)
        self.functions.add(function.oid)
        if function.oid in self.index.harmless:
            return NOTHING
        judgement = self.index.of_function(function, self.policy)
        if judgement is self.index.clean:
            return NOTHING
        self.take(judgement, location)
        if judgement.opaque:
            self.conditions |= arguments
        self.touch(Value(0, judgement.returns | judgement.conditions), location)
        return judgement.returns

    def run_oid(self, oid: int, location: int | None, arguments: Lineage = NOTHING) -> Lineage:
        if not oid:
            return NOTHING
        if oid in self.index.harmless:
            self.functions.add(oid)
            return NOTHING
        function = self.index.catalog.functions.get(oid)
        if function is None:
            self.refuse("unknown-function", f"a function with oid {oid} is not in the catalog", location)
            return NOTHING
        return self.run_function(function, location, arguments)

    def coerce(self, value: Value, target: int, location: int | None, context: str = IMPLICIT) -> Value:
        """The value as another type; what runs for that is noted."""
        source = value.type
        if source == target or not target or (self.planned and value.lineage):
            return value
        index = self.index
        if source == UNKNOWN:
            judgement = index.of_type(target, self.policy)
        else:
            judgement = index.of_coercion(source, target, context, self.policy)
            if value.fields is not None and (row := index.row_of(target)) is not None:
                for (_, field), (_, column) in zip(value.fields, row.columns, strict=False):
                    self.coerce(field, column.type, location, context)
        if judgement is not index.clean:
            self.take(judgement, location)
        return Value(target, value.lineage, None, value.constant)

    def explicit(self, value: Value, target: int, location: int | None) -> Value:
        return self.coerce(value, target, location, EXPLICIT)

    def compare(self, value: Value, location: int | None) -> None:
        """Note that values of this type are sorted, grouped or hashed: a user-made type brings its own functions."""
        if value.fields is not None:
            for _, field in value.fields:
                self.compare(field, location)
            return
        judgement = self.index.of_comparison(value.type, self.policy)
        if judgement is not self.index.clean and not self.planned:
            self.take(judgement, location)

    def use(self, value: Value, location: int | None) -> None:
        """Note that a built-in function works on the value: it may look into it by a user-made type's own functions."""
        if value.fields is not None:
            for _, field in value.fields:
                self.use(field, location)
            return
        judgement = self.index.of_use(value.type, self.policy)
        if judgement is not self.index.clean and not self.planned:
            self.take(judgement, location)

    def read(self, relation: Relation, location: int | None) -> Shape:
        """The columns of a relation that is read; what runs for that is noted."""
        self.reads.add(relation.oid)
        judgement = self.index.of_relation(relation, self.policy)
        if judgement is not self.index.clean:
            self.take(judgement, location)
        return self.index.shape(relation, self.policy)

    def touch(self, value: Value, location: int | None) -> Value:
        """Note that a column is used: secret ones are refused."""
        secrets = self.index.secrets
        if self.own and value.lineage and not secrets.keys().isdisjoint(value.lineage):
            for column in sorted(secrets.keys() & value.lineage):
                name, why = secrets[column]
                if name.rpartition(".")[0] not in self.policy.relations:
                    self.refuse("secret-column", f"{name} {why}", location)
        return value

    def close_to(self, name: str, known: Iterable[str]) -> str:
        """A hint with the nearest known name, or nothing."""
        near = get_close_matches(name, set(known), n=1, cutoff=0.6)
        return f"Did you mean {near[0]}?" if near else ""
