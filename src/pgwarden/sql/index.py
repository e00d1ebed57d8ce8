"""What is known about one catalog, judged on first use and kept as long as the catalog lives.

Everything in here depends on the catalog and the policy alone, so that a statement over known tables costs
dictionary look-ups.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from pgwarden.sql import effects
from pgwarden.sql.judgement import CLEAN, Judgement, joined, refused
from pgwarden.sql.resolution import Resolver
from pgwarden.sql.scope import Shape, Value
from pgwarden.sql.typesystem import CID, OID, RECORD, TID, UNKNOWN, XID, Types

if TYPE_CHECKING:
    from pgwarden.domain.catalog import Catalog, Function, Relation, Type
    from pgwarden.sql.policy import ReadPolicy

FIRST_USER_OID = 16384
"""Objects below it came with the server."""
_SERVER_OWN = frozenset({"internal", "c", "sql"})
"""Languages of what comes with the server; a built-in function in another one was replaced by somebody."""
_DOCUMENTS = (114, 3802)
"""json and jsonb."""
_UNSTABLE = Judgement(stable=False)
_SYSTEM_COLUMNS = (("ctid", TID, -1), ("xmin", XID, -2), ("cmin", CID, -3), ("xmax", XID, -4), ("cmax", CID, -5))
_NO_DEFAULT_ORDER = frozenset({114, 142, 600, 601, 602, 603, 604, 628, 718})
"""Built-in types without a default operator class (json, xml, geometry): a user may have made one."""


class _Work:
    """What is being judged right now, outermost first: definitions may refer to each other."""

    def __init__(self) -> None:
        self.open: list[tuple[int, object]] = []
        self.lowest = 0
        """The outermost open judgement that the one at work has leaned on."""


class Index:
    """The judged catalog. ``bodies`` and ``relations`` look inside functions and relations (they walk trees)."""

    clean = CLEAN

    def __init__(self, catalog: Catalog, session: Index | None = None, search_path: tuple[str, ...] = ()) -> None:
        self.catalog = catalog
        self.session = session or self
        """The index under the session's own search path: definitions of views and tables were written out under it."""
        self.types: Types = session.types if session else Types(catalog)
        self.version = catalog.server_version
        self.resolver = Resolver(catalog, self.types, search_path or catalog.search_path)
        """Names as this search path finds them."""
        self._siblings: dict[tuple[str, ...], Index] = session._siblings if session else {}
        self._shapes: dict[int, Shape] = session._shapes if session else {}
        self._judgements: dict[object, Judgement] = {}
        self.harmless: set[int] = session.harmless if session else set()
        """Built-in functions that were judged and found clean, whatever the policy."""
        self._work: _Work = session._work if session else _Work()

    def under(self, search_path: tuple[str, ...]) -> Index:
        """The same catalog as a function sees it whose search path is its own."""
        if search_path not in self._siblings:
            self._siblings[search_path] = Index(self.catalog, self.session, search_path)
        return self._siblings[search_path]

    @cached_property
    def secrets(self) -> dict[tuple[int, int], tuple[str, str]]:
        """(relation oid, attnum) of secret system columns -> (schema.relation.column, why)."""
        found = {}
        for relation in self.catalog.relations.values():
            if relation.name.schema == "pg_catalog" and relation.name.name in effects.SECRET_COLUMNS:
                names, why = effects.SECRET_COLUMNS[relation.name.name]
                for column in relation.columns:
                    if column.name in names:
                        found[relation.oid, column.number] = (f"pg_catalog.{relation.name.name}.{column.name}", why)
        return found

    # -- judgements ------------------------------------------------------------------------------------------------

    def _once(self, key: object, judge: Callable[[], Judgement]) -> Judgement:
        """The kept judgement, or a new one. What leans on a judgement that is still open is not kept."""
        if (known := self._judgements.get(key)) is not None:
            return known
        work, entry = self._work, (id(self), key)
        if entry in work.open:
            work.lowest = min(work.lowest, work.open.index(entry))
            return CLEAN
        depth = len(work.open)
        outer, work.lowest = work.lowest, depth
        work.open.append(entry)
        try:
            judgement = judge()
            if work.lowest >= depth:
                self._judgements[key] = judgement
        finally:
            work.open.pop()
            work.lowest = min(outer, work.lowest)
        return judgement

    def of_function(self, function: Function, policy: ReadPolicy) -> Judgement:
        """What calling the function does."""
        key = (function.oid, policy)
        known = self._judgements.get(key)
        return known if known is not None else self._once(key, lambda: self._judge_function(function, policy))

    def _judge_function(self, function: Function, policy: ReadPolicy) -> Judgement:
        if str(function.name) in policy.functions:
            return Judgement(stable=function.volatility == "i", opaque=True)
        if function.oid < FIRST_USER_OID and function.name.schema == "pg_catalog" and function.language in _SERVER_OWN:
            return self._judge_builtin(function)
        if function.security_definer and not policy.security_definer:
            return refused("security-definer", f"function {function.name} runs with its owner's rights")
        if function.kind == "a" or function.support_oids:
            return self._of_oids(function.support_oids, policy)
        return self._judge_language(function, policy)

    def _judge_builtin(self, function: Function) -> Judgement:
        name = function.name.name
        if (why := effects.refusal(name, len(function.argument_oids))) is not None:
            return refused("function-has-effects", f"{name}() {why}")
        if function.volatility == "v" and name not in effects.HARMLESS:
            return refused("function-not-known", f"{name}() is volatile and not known to be harmless")
        if function.volatility != "i" and name not in effects.REPEATABLE:
            return _UNSTABLE
        self.harmless.add(function.oid)
        return CLEAN

    def _judge_language(self, function: Function, policy: ReadPolicy) -> Judgement:
        from pgwarden.sql import bodies

        language = function.language
        if function.return_oid in (2279, 3838):
            return refused("trigger-function", f"function {function.name} is a trigger's and cannot be called")
        if language in ("sql", "plpgsql"):
            return bodies.judge_body(self, function, policy)
        if language == "internal" and function.source in effects.HARMLESS_INTERNAL:
            return joined([self.of_type(oid, policy) for oid in (*function.argument_oids, function.return_oid)])
        if language == "internal" and function.source:
            same = [f for f in self.catalog.functions_by_name.get(function.source.strip(), ()) if f.builtin]
            if same:
                return joined([self._judge_builtin(f) for f in same])
        if language in ("c", "internal") and function.extension in policy.extensions and function.extension:
            return self._judge_extension(function)
        return refused(
            "function-is-opaque",
            f"function {function.name} is written in {language}: pgwarden cannot see what it does",
            "An administrator may name it in the read policy.",
        )

    def _judge_extension(self, function: Function) -> Judgement:
        name = function.name.name
        if name in effects.EXTENSION_REFUSED:
            return refused("function-has-effects", f"{function.name} of {function.extension} has effects")
        if function.volatility == "v" and name not in effects.EXTENSION_HARMLESS:
            return refused("function-not-known", f"{function.name} is volatile and not known to be harmless")
        return Judgement(stable=function.volatility == "i", opaque=True)

    def _of_oids(self, oids: tuple[int, ...] | frozenset[int], policy: ReadPolicy) -> Judgement:
        parts = []
        for oid in oids:
            if oid and (function := self.catalog.functions.get(oid)) is None:
                parts.append(refused("unknown-function", f"a function with oid {oid} is not in the catalog"))
            elif oid and function is not None:
                judgement = self.of_function(function, policy)
                parts.append(judgement)
                if oid >= FIRST_USER_OID:
                    parts.append(Judgement(functions=frozenset({oid}), stable=judgement.stable))
        return joined(parts)

    def of_type(self, oid: int, policy: ReadPolicy) -> Judgement:
        """What runs when a text becomes this type, or a value of it is shown, fields and elements included."""
        type_ = self.types.get(oid)
        if type_ is None:
            return CLEAN if not oid else refused("unknown-type", f"a type with oid {oid} is not in the catalog")
        if oid < FIRST_USER_OID and type_.kind not in "cd":
            return CLEAN
        return self._once(("type", oid, policy), lambda: self._judge_type(type_, policy))

    def _judge_type(self, type_: Type, policy: ReadPolicy) -> Judgement:
        from pgwarden.sql import relations

        if type_.element_oid:
            return self.of_type(type_.element_oid, policy)
        match type_.kind:
            case "d":
                return joined([self.of_type(type_.base_oid, policy), relations.judge_domain(self, type_, policy)])
            case "c":
                relation = self.catalog.relations.get(type_.relation_oid)
                columns = relation.columns if relation else ()
                return joined([self.of_type(column.type_oid, policy) for column in columns])
            case "r" | "m":
                subtype = type_.range_subtype_oid
                return joined([self.of_type(subtype, policy), self.of_comparison(subtype, policy)])
            case "b":
                return self._of_oids((type_.input_oid, type_.output_oid), policy)
        return CLEAN

    def of_defaults(self, function: Function, policy: ReadPolicy) -> Judgement:
        """What the default expressions of a function's arguments run."""
        from pgwarden.sql import relations

        what = f"function {function.name}"
        key = ("defaults", function.oid, policy)
        return self._once(key, lambda: relations.judge_defaults(self, function.defaults, policy, what))

    def of_type_named(self, text: str, resolver: Resolver, policy: ReadPolicy) -> Judgement:
        """As ``of_type`` for a type whose name is given as text."""
        from pgwarden.domain.errors import PgwardenError
        from pgwarden.sql import names
        from pgwarden.sql.parse import parse
        from pgwarden.sql.relations import summary
        from pgwarden.sql.walk import Walk

        try:
            tree = parse(f"SELECT NULL::{text}")
        except PgwardenError:
            return CLEAN  # the server cannot read the name either
        body = tree.statements[0]["stmt"].get("SelectStmt", {})
        targets = body.get("targetList", [])
        cast = (
            targets[0]["ResTarget"]["val"].get("TypeCast") if len(targets) == 1 and len(tree.statements) == 1 else None
        )
        if cast is None or body.keys() - {"targetList", "limitOption", "op"}:
            return CLEAN
        walk = Walk(self, policy, tree, resolver, own=False)
        names.use_type(walk, cast["typeName"])
        return summary(walk)

    def of_functions(self, oids: frozenset[int], policy: ReadPolicy) -> Judgement:
        """What calling any of the functions does."""
        return self._of_oids(oids, policy)

    def of_written(self, relation: Relation, verb: str, policy: ReadPolicy) -> Judgement:
        """What planning a change (INSERT, UPDATE …) of the relation evaluates."""
        from pgwarden.sql import relations

        key = ("written", relation.oid, verb, policy)
        return self._once(key, lambda: relations.judge_written(self, relation, verb, policy))

    def of_coercion(self, source: int, target: int, context: str, policy: ReadPolicy) -> Judgement:
        """What runs when a value of one type becomes another."""
        key = (source, target, context, policy)
        known = self._judgements.get(key)
        return known if known is not None else self._once(key, lambda: self._judge_coercion(*key))

    def _judge_coercion(self, source: int, target: int, context: str, policy: ReadPolicy) -> Judgement:
        path = self.types.path(source, target, context)
        parts = [self.of_type(target, policy)] if target >= FIRST_USER_OID else []
        if not source:  # it may be of any type: every cast of a user that leads here counts
            base = self.types.base(target)
            into = (cast.function_oid for cast in self.catalog.casts if cast.target_oid == base)
            parts.append(self._of_oids(frozenset(oid for oid in into if oid >= FIRST_USER_OID), policy))
        if path is None:  # the server refuses it, or knows a way that we do not: both ends count
            return joined(
                [*parts, self.of_type(source, policy), self._of_oids(self._both_ways(source, target), policy)]
            )
        if path.functions:
            parts += [self._of_oids(path.functions, policy)]
            functions = (self.catalog.functions.get(oid) for oid in path.functions)
            if any(f is not None and f.oid >= FIRST_USER_OID for f in functions) or source >= FIRST_USER_OID:
                parts.append(self.of_type(source, policy))
        return joined(parts)

    def _both_ways(self, source: int, target: int) -> frozenset[int]:
        pair = {self.types.base(source), self.types.base(target)}
        return frozenset(c.function_oid for c in self.catalog.casts if {c.source_oid, c.target_oid} == pair) - {0}

    def of_comparison(self, oid: int, policy: ReadPolicy) -> Judgement:
        """What runs when values of this type are sorted, grouped or hashed."""
        base = self.types.base(oid)
        if base < FIRST_USER_OID and base not in _NO_DEFAULT_ORDER and base not in self.catalog.opclass_support:
            element = self.types.element(base)
            if not element or element < FIRST_USER_OID:
                return CLEAN
        return self._once(("comparison", base, policy), lambda: self._judge_comparison(base, policy))

    def _judge_comparison(self, oid: int, policy: ReadPolicy) -> Judgement:
        """A user's operator class may stand behind; where the catalog cannot say, what looks like its parts counts."""
        catalog = self.catalog
        supports = set(catalog.opclass_support.get(oid, ()))
        for name in ("<", "<=", "=", ">=", ">"):
            for operator in catalog.operators_by_name.get(name, ()):
                if operator.left_oid == operator.right_oid == oid and operator.oid >= FIRST_USER_OID:
                    supports.add(operator.function_oid)
        parts = [self._of_oids(frozenset(supports), policy)]
        type_ = self.types.get(oid)
        if type_ is not None and type_.element_oid:
            parts.append(self.of_comparison(type_.element_oid, policy))
        elif type_ is not None and type_.kind == "c" and (relation := catalog.relations.get(type_.relation_oid)):
            parts += [self.of_comparison(column.type_oid, policy) for column in relation.columns]
        elif type_ is not None and type_.kind in "rm" and type_.range_subtype_oid:
            parts.append(self.of_comparison(type_.range_subtype_oid, policy))
        return joined(parts)

    def of_use(self, oid: int, policy: ReadPolicy) -> Judgement:
        """What built-in functions may run when they are given values of this type.

        They compare what is in arrays, rows and ranges; those that make JSON run a user's cast to json.
        """
        type_ = self.types.get(oid)
        if type_ is None or (oid < FIRST_USER_OID and not type_.element_oid):
            return CLEAN if oid < FIRST_USER_OID else self.of_comparison(oid, policy)
        return self._once(("use", oid, policy), lambda: self._judge_use(type_, policy))

    def _judge_use(self, type_: Type, policy: ReadPolicy) -> Judgement:
        casts = (self.catalog.casts_by_pair.get((type_.oid, target)) for target in _DOCUMENTS)
        parts = [self.of_comparison(type_.oid, policy)]
        parts.append(self._of_oids(frozenset(cast.function_oid for cast in casts if cast), policy))
        if type_.element_oid or type_.kind == "d":
            parts.append(self.of_use(type_.element_oid or type_.base_oid, policy))
        elif type_.kind == "c" and (relation := self.catalog.relations.get(type_.relation_oid)):
            parts += [self.of_use(column.type_oid, policy) for column in relation.columns]
        elif type_.kind in "rm" and type_.range_subtype_oid:
            parts.append(self.of_use(type_.range_subtype_oid, policy))
        return joined(parts)

    def of_relation(self, relation: Relation, policy: ReadPolicy) -> Judgement:
        """What reading the relation does: its view's query, policies, partitions, expressions."""
        key = ("relation", relation.oid, policy)
        known = self._judgements.get(key)
        if known is not None:
            return known
        from pgwarden.sql import relations

        return self._once(key, lambda: relations.judge_relation(self, relation, policy))

    # -- columns ---------------------------------------------------------------------------------------------------

    def shape(self, relation: Relation, policy: ReadPolicy) -> Shape:
        """The relation's columns; those of views with the base columns behind them."""
        if relation.oid not in self._shapes:
            from pgwarden.sql import relations

            behind = relations.lineage_behind(self, relation, policy)
            columns = tuple(
                (c.name, Value(c.type_oid, behind.get(c.number) or frozenset({(relation.oid, c.number)})))
                for c in relation.columns
            )
            system = (
                {}
                if relation.kind in "vc"
                else {
                    name: Value(type_, frozenset({(relation.oid, number)})) for name, type_, number in _SYSTEM_COLUMNS
                }
                | {"tableoid": Value(OID)}
            )
            self._shapes[relation.oid] = Shape(columns, False, self.row_type(relation.oid), system)
        return self._shapes[relation.oid]

    def row_of(self, type_: int) -> Shape | None:
        """The fields of a composite type, None where it is not one."""
        relation = self.catalog.relations.get(self.types.relation_of(type_))
        if relation is None:
            return None
        return Shape(tuple((c.name, Value(c.type_oid)) for c in relation.columns), row_type=type_)

    def row_type(self, relation_oid: int) -> int:
        """The composite type of the relation's rows."""
        return self._row_types.get(relation_oid, RECORD)

    @cached_property
    def inheriting(self) -> dict[int, list[Relation]]:
        """Children by inheritance (not partitions), by their parents' oids."""
        found: dict[int, list[Relation]] = {}
        for relation in self.catalog.relations.values():
            for parent in relation.inherits if not relation.partition_of else ():
                found.setdefault(parent, []).append(relation)
        return found

    @cached_property
    def _row_types(self) -> dict[int, int]:
        return {t.relation_oid: t.oid for t in self.catalog.types.values() if t.relation_oid and t.kind == "c"}


def index_of(catalog: Catalog) -> Index:
    """The index of a catalog, made on first use and kept among the catalog's own cached properties."""
    kept = vars(catalog)
    if "_sql_index" not in kept:
        kept["_sql_index"] = Index(catalog)
    found: Index = kept["_sql_index"]
    return found


__all__ = ["FIRST_USER_OID", "UNKNOWN", "Index", "index_of"]
