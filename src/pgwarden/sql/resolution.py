"""Which function or operator PostgreSQL would choose for given argument types.

Where the types do not decide (one of them could not be inferred, or the choice is ambiguous) every candidate is
kept: the judge looks at all of them and the worst counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pgwarden.sql.typesystem import ANY, POLYMORPHIC, RECORD, UNKNOWN, VOID, Types

if TYPE_CHECKING:
    from pgwarden.domain.catalog import Catalog, Function, Operator


@dataclass(frozen=True, slots=True)
class Call:
    """A resolved function call."""

    functions: tuple[Function, ...]
    """One, or several where the choice could not be made. Never empty."""
    result: int
    """Result type, 0 where it differs or is unknown."""
    parameters: tuple[int, ...]
    """Declared types that the arguments become, in call order; empty where unsure."""

    @property
    def chosen(self) -> Function | None:
        return self.functions[0] if len(self.functions) == 1 else None


@dataclass(frozen=True, slots=True)
class Operation:
    """A resolved operator."""

    operators: tuple[Operator, ...]
    result: int
    left: int
    right: int


class _Candidate(NamedTuple):
    types: tuple[int, ...]
    """Types that the actual arguments must become, in call order."""
    what: Function | Operator
    place: int
    """Position of its schema in the search path."""
    variadic: bool
    defaults: int


class Resolver:
    """Resolution by name and types in one catalog under one search path. Answers are cached."""

    def __init__(self, catalog: Catalog, types: Types, search_path: Sequence[str]) -> None:
        self._catalog = catalog
        self._types = types
        self.search_path = tuple(schema for schema in search_path if schema)
        self._places = {schema: place for place, schema in reversed(list(enumerate(search_path))) if schema}
        self._calls: dict[object, Call | None] = {}
        self._operations: dict[object, Operation | None] = {}

    def named(self, name: str, schema: str | None) -> list[Function]:
        """Every function that the name could mean, whatever its arguments."""
        found = self._catalog.functions_by_name.get(name, ())
        if schema is not None:
            return [f for f in found if f.name.schema == schema]
        return [f for f in found if f.name.schema in self._places and not f.name.schema.startswith("pg_temp")]

    def call(
        self,
        name: str,
        schema: str | None,
        arguments: tuple[int, ...],
        names: tuple[str, ...] = (),
        *,
        variadic: bool = False,
    ) -> Call | None:
        """The function called with these argument types (the last ``names`` of them named), None if no such name."""
        key = (name, schema, arguments, names, variadic)
        if key not in self._calls:
            self._calls[key] = self._find_call(name, schema, arguments, names, variadic)
        return self._calls[key]

    def exact(self, name: str, schema: str | None, arguments: tuple[int, ...]) -> bool:
        """Whether a function takes exactly these types."""
        return any(f.argument_oids == arguments for f in self.named(name, schema))

    def _find_call(
        self, name: str, schema: str | None, arguments: tuple[int, ...], names: tuple[str, ...], variadic: bool
    ) -> Call | None:
        functions = self.named(name, schema)
        if not functions:
            return None
        candidates = [
            c for f in functions for c in self._shapes(f, len(arguments), names, variadic, schema is not None)
        ]
        candidates = _nearest(candidates)
        survivors = self._choose(candidates, arguments)
        if not survivors:  # the server will say so; until then every function of that name counts
            return Call(tuple(functions), 0, ())
        chosen = survivors[0]
        results = {self._result(c, arguments) for c in survivors}
        return Call(
            tuple(c.what for c in survivors),  # type: ignore[misc]  # candidates of a call are functions
            results.pop() if len(results) == 1 else 0,
            chosen.types if len(survivors) == 1 else (),
        )

    def _result(self, candidate: _Candidate, arguments: tuple[int, ...]) -> int:
        function = candidate.what
        result = function.return_oid  # type: ignore[union-attr]  # see above
        return self._types.polymorphic_result(result, candidate.types, arguments)

    def _shapes(
        self, function: Function, count: int, names: tuple[str, ...], variadic: bool, qualified: bool
    ) -> Iterable[_Candidate]:
        """The ways in which a function can take that many arguments (none, one, or plain and variadic)."""
        declared = function.argument_oids
        place = 0 if qualified else self._places.get(function.name.schema, 0)
        if names:
            ordered = _by_name(function, count, names)
            if ordered is not None:
                yield _Candidate(ordered, function, place, variadic, len(declared) - count)
            return
        if count == len(declared) and (not function.variadic_oid or variadic or function.variadic_oid == ANY):
            yield _Candidate(declared, function, place, False, 0)
        if function.variadic_oid and not variadic and count >= len(declared):
            extra = (function.variadic_oid,) * (count - len(declared) + 1)
            yield _Candidate((*declared[:-1], *extra), function, place, True, 0)
        elif count < len(declared) <= count + function.default_count:
            yield _Candidate(declared[:count], function, place, False, len(declared) - count)
        elif function.variadic_oid and count == len(declared) - 1 and function.kind in "aw" and not variadic:
            yield _Candidate(declared[:count], function, place, True, 0)

    def _choose(self, candidates: list[_Candidate], arguments: tuple[int, ...]) -> list[_Candidate]:
        exact = [c for c in candidates if c.types == arguments]
        if exact and 0 not in arguments:
            return exact[:1]
        fitting = [c for c in candidates if self._fits(c.types, arguments)]
        if len(fitting) <= 1 or 0 in arguments:
            return fitting
        chosen = _select(fitting, arguments, self._types)
        return [chosen] if chosen else fitting

    def _fits(self, types: tuple[int, ...], arguments: tuple[int, ...]) -> bool:
        coerces = self._types.coerces
        return all(coerces(a, t) for a, t in zip(arguments, types, strict=True))

    def operation(self, name: str, schema: str | None, left: int, right: int) -> Operation | None:
        """The operator for operand types (left 0-argument prefix: pass ``left=-1``), None if there is no such name."""
        key = (name, schema, left, right)
        if key not in self._operations:
            self._operations[key] = self._find_operation(name, schema, left, right)
        return self._operations[key]

    def _find_operation(self, name: str, schema: str | None, left: int, right: int) -> Operation | None:
        prefix = left == -1
        candidates = []
        for operator in self._catalog.operators_by_name.get(name, ()):
            if (operator.left_oid == 0) != prefix:
                continue
            place = 0 if operator.name.schema == schema else self._places.get(operator.name.schema)
            if (schema is None and place is not None) or operator.name.schema == schema:
                types = (operator.right_oid,) if prefix else (operator.left_oid, operator.right_oid)
                candidates.append(_Candidate(types, operator, place or 0, False, 0))
        if not candidates:
            return None
        candidates = _nearest(candidates)
        arguments = (right,) if prefix else (left, right)
        survivors = self._choose_operator(candidates, arguments) or candidates
        results = {self._operator_result(c, arguments) for c in survivors}
        sides = survivors[0].types if len(survivors) == 1 else (0, 0)
        return Operation(
            tuple(c.what for c in survivors),  # type: ignore[misc]  # candidates of an operation are operators
            results.pop() if len(results) == 1 else 0,
            0 if prefix else sides[0],
            sides[-1],
        )

    def _operator_result(self, candidate: _Candidate, arguments: tuple[int, ...]) -> int:
        result = candidate.what.result_oid  # type: ignore[union-attr]  # see above
        return self._types.polymorphic_result(result, candidate.types, arguments)

    def _choose_operator(self, candidates: list[_Candidate], arguments: tuple[int, ...]) -> list[_Candidate]:
        """As for functions, but an unknown literal first tries the type of the other side."""
        if 0 not in arguments:
            left, right = (arguments[0], arguments[-1])
            if len(arguments) == 2 and (left == UNKNOWN) != (right == UNKNOWN):
                same = right if left == UNKNOWN else left
                guess = (same, same)
                exact = [c for c in candidates if c.types == guess]
                if not exact and (base := self._types.base(same)) != same:
                    exact = [c for c in candidates if c.types == (base, base)]
                if exact:
                    return exact[:1]
            if len(arguments) == 2 and (exact := [c for c in candidates if c.types == arguments]):
                return exact[:1]
        return self._choose(candidates, arguments)


def _by_name(function: Function, count: int, names: tuple[str, ...]) -> tuple[int, ...] | None:
    """Parameter types in call order for named notation, None where the names do not fit."""
    declared = function.argument_oids
    positional = count - len(names)
    if count > len(declared) or len(function.argument_names) < len(declared):
        return None
    places = {name: place for place, name in enumerate(function.argument_names[: len(declared)])}
    chosen = list(range(positional))
    for name in names:
        place = places.get(name)
        if place is None or place in chosen:
            return None
        chosen.append(place)
    required = len(declared) - function.default_count
    if any(place not in chosen for place in range(required)):
        return None
    return tuple(declared[place] for place in chosen)


def _nearest(candidates: list[_Candidate]) -> list[_Candidate]:
    """Of candidates with the same types only the first in the search path, plain before variadic, fewest defaults."""
    best: dict[tuple[int, ...], _Candidate] = {}
    for c in candidates:
        known = best.get(c.types)
        if known is None or (c.place, c.variadic, c.defaults) < (known.place, known.variadic, known.defaults):
            best[c.types] = c
    return list(best.values())


def _select(candidates: list[_Candidate], arguments: tuple[int, ...], types: Types) -> _Candidate | None:
    """PostgreSQL's tie breaking: exact matches, preferred types, then the categories of unknown literals."""
    bases = tuple(types.base(a) for a in arguments)
    known = [i for i, b in enumerate(bases) if b != UNKNOWN]
    unknown = [i for i, b in enumerate(bases) if b == UNKNOWN]

    def best(score: dict[int, int], among: list[_Candidate]) -> list[_Candidate]:
        top = max(score.values())
        return [c for n, c in enumerate(among) if score[n] == top]

    exact = {n: sum(c.types[i] == bases[i] for i in known) for n, c in enumerate(candidates)}
    candidates = best(exact, candidates)
    if len(candidates) == 1:
        return candidates[0]

    def suits(type_: int, base: int) -> bool:
        return type_ == base or (types.preferred(type_) and types.category(type_) == types.category(base))

    preferred = {n: sum(suits(c.types[i], bases[i]) for i in known) for n, c in enumerate(candidates)}
    candidates = best(preferred, candidates)
    if len(candidates) == 1 or not unknown:
        return candidates[0] if len(candidates) == 1 else None
    narrowed = _by_category(candidates, unknown, types)
    if len(narrowed) == 1:
        return narrowed[0]
    if known and len({bases[i] for i in known}) == 1:
        assumed = bases[known[0]]
        fitting = [c for c in narrowed if all(types.coerces(assumed, c.types[i]) for i in unknown)]
        if len(fitting) == 1:
            return fitting[0]
    return None


def _by_category(candidates: list[_Candidate], unknown: list[int], types: Types) -> list[_Candidate]:
    """Drop candidates whose category does not fit what PostgreSQL assumes for each unknown literal."""
    wanted: list[tuple[str, bool]] = []
    for i in unknown:
        categories = [types.category(c.types[i]) for c in candidates]
        if "S" in categories:
            category = "S"
        elif len(set(categories)) == 1:
            category = categories[0]
        else:
            return candidates
        has_preferred = any(types.category(c.types[i]) == category and types.preferred(c.types[i]) for c in candidates)
        wanted.append((category, has_preferred))
    kept = [
        c
        for c in candidates
        if all(
            types.category(c.types[i]) == category and (types.preferred(c.types[i]) or not has_preferred)
            for i, (category, has_preferred) in zip(unknown, wanted, strict=True)
        )
    ]
    return kept or candidates


def returns_nothing_usable(result: int) -> bool:
    """Whether a result type says nothing about its columns (record, void or unknown)."""
    return result in (0, RECORD, VOID, *POLYMORPHIC)
