"""Arguments for a tool, drawn from its input schema: good ones, and ones that break the schema in one place or many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

Schema = Mapping[str, Any]
Pools = Mapping[str, Sequence[Any]]
"""Values that make sense, by the name of a property."""

ODD_TEXT = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["", " ", "\x00", "null", "'; drop table tree; --", "a" * 5000, "\ud83d\ude00", "{}", "[1]", "../x"]
    ),
)
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), ODD_TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


def arguments(schema: Schema, pools: Pools) -> st.SearchStrategy[dict[str, Any]]:
    """Mostly calls that fit the schema; some that break it by value, by a missing name or by one too many."""
    good = _object(schema, schema, pools)
    names = list(schema["properties"])
    broken = st.builds(lambda given, name, value: {**given, name: value}, good, st.sampled_from(names), ANYTHING)
    missing = st.builds(lambda given, name: {k: v for k, v in given.items() if k != name}, good, st.sampled_from(names))
    surplus = st.builds(
        lambda given, name, value: {**given, name: value}, good, st.text(min_size=1, max_size=8), ANYTHING
    )
    return st.one_of(
        good, good, broken, missing, surplus, st.dictionaries(st.sampled_from(names), ANYTHING, max_size=4)
    )


def examples(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """The same ones at every run."""
    found: list[Any] = []

    @settings(
        max_examples=count, derandomize=True, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


def _object(schema: Schema, root: Schema, pools: Pools) -> st.SearchStrategy[dict[str, Any]]:
    properties = schema.get("properties", {})
    values = {name: _value(each, root, pools, name) for name, each in properties.items()}
    required = {name: values.pop(name) for name in schema.get("required", [])}
    drawn = st.fixed_dictionaries(required, optional=values)
    if schema.get("additionalProperties") is True:
        return st.one_of(drawn, st.dictionaries(st.text(max_size=10), ANYTHING, max_size=3))
    return drawn


def _value(schema: Schema, root: Schema, pools: Pools, name: str) -> st.SearchStrategy[Any]:
    if name in pools:
        return st.one_of(
            st.sampled_from(list(pools[name])), st.sampled_from(list(pools[name])), _plain(schema, root, pools)
        )
    return _plain(schema, root, pools)


def _plain(schema: Schema, root: Schema, pools: Pools) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _object(root["$defs"][schema["$ref"].rpartition("/")[2]], root, pools)
    if "anyOf" in schema:
        return st.one_of(*(_plain(each, root, pools) for each in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "string":
            return ODD_TEXT.filter(lambda t: schema.get("minLength", 0) <= len(t) <= schema.get("maxLength", 10**9))
        case "integer":
            return st.integers(schema.get("minimum", -(10**6)), schema.get("maximum", 10**6))
        case "number":
            low = schema.get("exclusiveMinimum", schema.get("minimum", 0))
            return st.floats(low, schema.get("maximum", 1e6), exclude_min="exclusiveMinimum" in schema)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "array":
            items = _plain(schema.get("items", {}), root, pools)
            return st.lists(items, min_size=schema.get("minItems", 0), max_size=min(schema.get("maxItems", 4), 4))
        case "object":
            return _object(schema, root, pools)
    return ANYTHING
