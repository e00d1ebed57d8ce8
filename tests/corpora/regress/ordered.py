"""Which true reads pgwarden is meant to refuse nevertheless. By text and catalog alone: the verdict is not asked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgwarden.domain.catalog import Catalog, Function, Relation

_TEXT = re.compile(
    r"\b(\w+_to_xml\w*|ts_stat|ts_rewrite|dblink\w*|pg_sleep\w*|pg_read_\w*file|pg_ls_\w+|pg_stat_file|lo_\w+"
    r"|pg_stat_activity|pg_stat_get_activity|pg_authid|pg_shadow|pg_user_mappings?|user_mapping_options"
    r"|pg_hba_file_rules|pg_ident_file_mappings|pg_file_settings|pg_show_all_file_settings|pg_subscription"
    r"|pg_largeobject\w*|pg_locks|pg_lock_status|pg_stat_ssl|pg_stat_gssapi|pg_stat_replication|pg_stat_wal_receiver"
    r"|pg_stat_progress_\w+|pg_stat_get_progress_info|pg_stat_get_backend_\w+|pg_prepared_xacts?|pg_statistic\w*"
    r"|pg_(?:try_)?advisory\w+|currval|lastval|nextval|setval|pg_(?:get_)?backend_memory_contexts|pg_stats\w*"
    r"|satisfies_hash_partition)\b",
    re.IGNORECASE,
)
"""SQL given as text, files, other sessions, secrets, waiting, sequences, statistics that show hidden rows."""

_FORMS = (
    ("locks rows", re.compile(r"\bfor\s+(?:update|share|no\s+key\s+update|key\s+share)\b", re.IGNORECASE)),
    (
        "explains something that is no read",
        re.compile(
            r"\s*explain\b(?:\s*\([^()]*\)|\s+analyze|\s+verbose)*\s*(?:execute|create|declare|refresh)\b",
            re.IGNORECASE,
        ),
    ),
    ("explains SELECT INTO", re.compile(r"\s*explain\b.*\binto\s+\w+\s+from\b", re.IGNORECASE | re.DOTALL)),
)
_CHANGING = re.compile(
    r"\b(execute|insert\s+into|delete\s+from|update\s+[\w.\"]+\s+(?:\w+\s+)?set|merge\s+into|truncate|create|drop|alter|grant"
    r"|copy|notify|listen|lock\s+table|set\s+(?:local\s+)?\w+(?=\s*(?:=|to\b))|set_config|nextval|setval|commit|rollback"
    r"|pg_sleep|pg_current_xact_id|txid_current|pg_\w*advisory\w*)\b",
    re.IGNORECASE,
)
"""Words in a body that make it dynamic, or more than a read."""
_CALL = re.compile(r'([\w$]+)"?\s*\(')
_WORD = re.compile(r"[\w$]+")
_RANGE_KINDS = "rm"


def ordered(sql: str, catalog: Catalog) -> str:
    """Why the statement is meant to be refused, or ''."""
    if found := _TEXT.search(sql):
        return found[1].lower()
    for reason, form in _FORMS:
        if form.search(sql):
            return reason
    calls, words = _opaque_names(catalog)
    lower = sql.lower()
    found_names = calls.intersection(_CALL.findall(lower)) | words.intersection(_WORD.findall(lower))
    return f"cannot be looked into: {sorted(found_names)[0]}" if found_names else ""


def _opaque_names(catalog: Catalog) -> tuple[frozenset[str], frozenset[str]]:
    """Functions, by how a call names them, and relations, types and operators' owners that bring them along."""
    users = [f for f in catalog.functions.values() if not f.builtin]
    calls = {f.name.name.lower() for f in users if _is_opaque(f, catalog)}
    while more := {f.name.name.lower() for f in users if calls.intersection(_CALL.findall(_body(f)))} - calls:
        calls |= more
    oids = {f.oid for f in users if f.name.name.lower() in calls}
    types = {t.oid: t.name.name.lower() for t in catalog.types.values() if {t.input_oid, t.output_oid} & oids}
    words = set(types.values()) | {r.name.name.lower() for r in catalog.relations.values() if _touches(r, types, calls)}
    while more := set(_views_over(catalog, words)) - words:
        words |= more
    symbols = {o.name.name for o in catalog.operators.values() if o.function_oid in oids}
    return frozenset(calls), frozenset(words | {s for s in symbols if s.isalnum()})


def _is_opaque(function: Function, catalog: Catalog) -> bool:
    if function.kind == "a":
        return False
    returned = catalog.types.get(function.return_oid)
    if returned and returned.kind in _RANGE_KINDS and returned.name == function.name:
        return False  # the constructor that comes with a range type
    return function.language not in ("sql", "plpgsql") or _CHANGING.search(_body(function)) is not None


def _body(function: Function) -> str:
    """What runs, comments left out."""
    text = (function.source or function.definition or "").lower()
    return re.sub(r"--[^\n]*|^create or replace[^\n]*", "", text)


def _touches(relation: Relation, types: dict[int, str], calls: set[str]) -> bool:
    if any(column.type_oid in types for column in relation.columns):
        return True
    texts = [relation.view_definition or "", *(policy.using or "" for policy in relation.policies)]
    return any(calls.intersection(_CALL.findall(text.lower())) or _TEXT.search(text) for text in texts) and (
        relation.oid >= 16384
    )


def _views_over(catalog: Catalog, words: set[str]) -> Iterator[str]:
    opaque = {r.oid for r in catalog.relations.values() if r.name.name.lower() in words and r.oid >= 16384}
    return (r.name.name.lower() for r in catalog.relations.values() if opaque.intersection(r.reads))
