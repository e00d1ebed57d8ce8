"""PostgreSQL's rules on types: what coerces to what, through which functions, and what polymorphic types become.

A type oid of 0 means "could not be inferred": it coerces to and from everything, so that resolution keeps every
candidate that the server might choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pgwarden.domain.catalog import Catalog, Type

BOOL, BYTEA, CHAR, NAME, INT8, INT2, INT4, TEXT, OID = 16, 17, 18, 19, 20, 21, 23, 25, 26
XID, TID, CID, JSON, XML, JSONB, JSONPATH = 28, 27, 29, 114, 142, 3802, 4072
FLOAT8, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL, TIMETZ, BIT, NUMERIC = (
    701,
    1082,
    1083,
    1114,
    1184,
    1186,
    1266,
    1560,
    1700,
)
UNKNOWN, RECORD, RECORDS, CSTRING, VOID, TRIGGER, INTERNAL = 705, 2249, 2287, 2275, 2278, 2279, 2281
ANY, ANYELEMENT, ANYARRAY, ANYNONARRAY, ANYENUM, ANYRANGE, ANYMULTIRANGE = 2276, 2283, 2277, 2776, 3500, 3831, 4537
COMPATIBLE, COMPATIBLEARRAY, COMPATIBLENONARRAY, COMPATIBLERANGE, COMPATIBLEMULTIRANGE = 5077, 5078, 5079, 5080, 4538
POLYMORPHIC = frozenset(
    {
        ANYELEMENT,
        ANYARRAY,
        ANYNONARRAY,
        ANYENUM,
        ANYRANGE,
        ANYMULTIRANGE,
        COMPATIBLE,
        COMPATIBLEARRAY,
        COMPATIBLENONARRAY,
        COMPATIBLERANGE,
        COMPATIBLEMULTIRANGE,
    }
)
_SUBSCRIPTS = {22: INT2, 30: OID, 600: FLOAT8, 601: 600, 603: 600, 628: FLOAT8, NAME: CHAR, JSONB: JSONB}
"""Types that are subscripted without being true arrays: int2vector, oidvector, point, lseg, box, line, name, jsonb."""

IMPLICIT, ASSIGNMENT, EXPLICIT = "i", "a", "e"
_ALLOWED = {IMPLICIT: "i", ASSIGNMENT: "ia", EXPLICIT: "iae"}
_NO_FUNCTIONS: frozenset[int] = frozenset()


class Path(NamedTuple):
    """How one type becomes another: the functions that run on the way."""

    functions: frozenset[int] = _NO_FUNCTIONS
    relabels: bool = False
    """Whether the value stays as it is, bit for bit."""


class Types:
    """The types of one catalog, with PostgreSQL's coercion rules."""

    def __init__(self, catalog: Catalog) -> None:
        self._types = catalog.types
        self._casts = catalog.casts_by_pair
        self._relations = catalog.relations
        self._paths: dict[tuple[int, int, str], Path | None] = {}
        self._multiranges: dict[int, list[int]] = {}
        for type_ in self._types.values():
            if type_.kind == "m":
                self._multiranges.setdefault(type_.range_subtype_oid, []).append(type_.oid)

    def get(self, oid: int) -> Type | None:
        return self._types.get(oid)

    def name(self, oid: int) -> str:
        """The name for messages."""
        type_ = self._types.get(oid)
        if type_ is None:
            return "unknown"
        return type_.name.name if type_.name.schema == "pg_catalog" else str(type_.name)

    def base(self, oid: int) -> int:
        """The type under any domains."""
        while (type_ := self._types.get(oid)) is not None and type_.kind == "d" and type_.base_oid:
            oid = type_.base_oid
        return oid

    def category(self, oid: int) -> str:
        if oid == UNKNOWN:
            return "X"
        type_ = self._types.get(oid)
        return type_.category if type_ else ""

    def preferred(self, oid: int) -> bool:
        type_ = self._types.get(oid)
        return bool(type_ and type_.preferred)

    def element(self, oid: int) -> int:
        """Element type of a true array, else 0."""
        type_ = self._types.get(self.base(oid))
        return type_.element_oid if type_ else 0

    def subscripted(self, oid: int) -> int:
        """The type of ``x[1]``, 0 where it cannot be told."""
        base = self.base(oid)
        return _SUBSCRIPTS.get(base) or self.element(base)

    def array_of(self, oid: int) -> int:
        if oid == RECORD:
            return RECORDS
        type_ = self._types.get(oid)
        return type_.array_oid if type_ else 0

    def relation_of(self, oid: int) -> int:
        """The relation behind a composite type (domains over one looked through), else 0."""
        type_ = self._types.get(self.base(oid))
        return type_.relation_oid if type_ and type_.kind == "c" else 0

    def is_row(self, oid: int) -> bool:
        return oid == RECORD or self.relation_of(oid) != 0

    def coerces(self, source: int, target: int, context: str = IMPLICIT) -> bool:
        return self.path(source, target, context) is not None

    def path(self, source: int, target: int, context: str) -> Path | None:
        """How ``source`` becomes ``target``, or None where PostgreSQL would refuse it. Cached."""
        if source == target:
            return _SAME
        key = (source, target, context)
        if key not in self._paths:
            self._paths[key] = self._find_path(source, target, context)
        return self._paths[key]

    def _find_path(self, source: int, target: int, context: str) -> Path | None:
        if not source or not target or source == UNKNOWN or target == ANY:
            return _SAME
        if target in POLYMORPHIC:
            return _SAME if self._fits_polymorphic(source, target) else None
        if (found := self._find_cast(source, target, context)) is not None:
            return found
        if (source == RECORD and self.relation_of(target)) or (target == RECORD and self.relation_of(source)):
            return _SAME
        if target == RECORDS and self.relation_of(self.element(source)):
            return _SAME
        return _SAME if self._inherits(source, target) else None

    def _fits_polymorphic(self, source: int, target: int) -> bool:
        type_ = self._types.get(self.base(source))
        if type_ is None or source in POLYMORPHIC:
            return True
        match target:
            case n if n in (ANYARRAY, COMPATIBLEARRAY):
                return type_.element_oid != 0 or type_.oid in (RECORDS, ANYARRAY)
            case n if n in (ANYNONARRAY, COMPATIBLENONARRAY):
                return type_.element_oid == 0
            case n if n == ANYENUM:
                return type_.kind == "e"
            case n if n in (ANYRANGE, COMPATIBLERANGE):
                return type_.kind == "r"
            case n if n in (ANYMULTIRANGE, COMPATIBLEMULTIRANGE):
                return type_.kind == "m"
        return True

    def _find_cast(self, source: int, target: int, context: str) -> Path | None:
        source_base, target_base = self.base(source), self.base(target)
        if source_base == target_base:
            return _RELABEL
        if (cast := self._casts.get((source_base, target_base))) and cast.context in _ALLOWED[context]:
            if cast.method == "b":
                return _RELABEL
            if cast.method == "i":
                return Path(self._input_output(source_base, target_base))
            return Path(frozenset({cast.function_oid}))
        if cast is None:
            source_element, target_element = self.element(source_base), self.element(target_base)
            if source_element and target_element:
                return self.path(source_element, target_element, context)
        to_text = context != IMPLICIT and self.category(target_base) == "S"
        if to_text or (context == EXPLICIT and self.category(source_base) == "S"):
            return Path(self._input_output(source_base, target_base))
        return None

    def _input_output(self, source: int, target: int) -> frozenset[int]:
        source_type, target_type = self._types.get(source), self._types.get(target)
        found = {source_type.output_oid if source_type else 0, target_type.input_oid if target_type else 0}
        return frozenset(found - {0})

    def _inherits(self, source: int, target: int) -> bool:
        child, parent = self.relation_of(source), self.relation_of(target)
        if not child or not parent:
            return False
        seen: set[int] = set()
        waiting = [child]
        while waiting:
            relation = self._relations.get(waiting.pop())
            if relation is None or relation.oid in seen:
                continue
            if relation.oid == parent:
                return True
            seen.add(relation.oid)
            waiting.extend((*relation.inherits, relation.partition_of))
        return False

    def common(self, oids: Sequence[int]) -> int:
        """The type that UNION, CASE, COALESCE, VALUES and ARRAY choose for these; 0 where one is not known."""
        first = oids[0] if oids else UNKNOWN
        if all(oid == first for oid in oids):
            return TEXT if first == UNKNOWN else first
        chosen = UNKNOWN
        category, preferred = "X", False
        for oid in map(self.base, oids):
            if oid == 0:
                return 0
            if oid in (UNKNOWN, chosen):
                continue
            if chosen == UNKNOWN:
                chosen, category, preferred = oid, self.category(oid), self.preferred(oid)
            elif self.category(oid) != category:
                return 0
            elif not preferred and self.coerces(chosen, oid) and not self.coerces(oid, chosen):
                chosen, preferred = oid, self.preferred(oid)
        return TEXT if chosen == UNKNOWN else chosen

    def polymorphic_result(self, result: int, declared: Iterable[int], actual: Iterable[int]) -> int:
        """What a polymorphic result type becomes for these arguments, 0 where it cannot be told."""
        if result not in POLYMORPHIC:
            return result
        pairs = [(d, a) for d, a in zip(declared, actual, strict=False) if d in POLYMORPHIC]
        compatible = result in (COMPATIBLE, COMPATIBLEARRAY, COMPATIBLENONARRAY, COMPATIBLERANGE, COMPATIBLEMULTIRANGE)
        if result in (ANYRANGE, COMPATIBLERANGE, ANYMULTIRANGE, COMPATIBLEMULTIRANGE):
            return self._range_result(result, pairs)
        elements = [e for d, a in pairs if (e := self._element_for(d, a, compatible)) is not None]
        known = [e for e in elements if e not in (UNKNOWN, 0)]
        if not known:
            element = TEXT if compatible and elements and 0 not in elements else 0
        elif compatible:
            element = self.common(elements)
        else:
            element = known[0]
        return self.array_of(element) if result in (ANYARRAY, COMPATIBLEARRAY) else element

    def _element_for(self, declared: int, actual: int, compatible: bool) -> int | None:
        """The element type that one argument speaks for; None when it belongs to the other polymorphic family."""
        if (declared in (ANYELEMENT, ANYNONARRAY, ANYENUM)) and not compatible:
            return actual
        if declared in (COMPATIBLE, COMPATIBLENONARRAY) and compatible:
            return actual
        if declared == (COMPATIBLEARRAY if compatible else ANYARRAY):
            return UNKNOWN if actual == UNKNOWN else self.element(actual)
        family = (COMPATIBLERANGE, COMPATIBLEMULTIRANGE) if compatible else (ANYRANGE, ANYMULTIRANGE)
        if declared in family:
            type_ = self._types.get(self.base(actual))
            return UNKNOWN if actual == UNKNOWN else type_.range_subtype_oid if type_ else 0
        return None

    def _range_result(self, result: int, pairs: list[tuple[int, int]]) -> int:
        wants_multirange = result in (ANYMULTIRANGE, COMPATIBLEMULTIRANGE)
        for declared, actual in pairs:
            type_ = self._types.get(self.base(actual))
            if type_ is None or type_.kind not in "rm":
                continue
            if (type_.kind == "m") == wants_multirange:
                return type_.oid
            if declared in (ANYRANGE, COMPATIBLERANGE, ANYMULTIRANGE, COMPATIBLEMULTIRANGE):
                return self._counterpart(type_)
        return 0

    def _counterpart(self, type_: Type) -> int:
        """The multirange of a range or the range of a multirange, where only one has that subtype."""
        if type_.kind == "r":
            found = self._multiranges.get(type_.range_subtype_oid, [])
        else:
            found = [
                t.oid for t in self._types.values() if t.kind == "r" and t.range_subtype_oid == type_.range_subtype_oid
            ]
        return found[0] if len(found) == 1 else 0


_SAME = Path(relabels=True)
_RELABEL = Path(relabels=True)
