"""The limits and pinned settings of one read, as they are set inside its transaction."""

from __future__ import annotations

from collections.abc import Sequence

from pgwarden.adapters.postgres.facts import ServerFacts
from pgwarden.domain.planner_settings import WORK_MEM, memory_kb, require_allowed
from pgwarden.domain.result import ReadLimits

IDLE_GRACE_SECONDS = 30.0
"""How long a transaction of ours may wait for our next message before the server ends it."""
CLIENT_CHECK_MS = 1000
PLANS_OF_OUR_OWN = "plan_cache_mode"
"""Forced to generic while our own prepared statements run, so that they are not planned each time anew."""
PINNED = {
    "standard_conforming_strings": "on",  # the parser that judged reads '\' as a plain character
    "transform_null_equals": "off",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
}
"""What decides how the text is read, or how its values are shown."""


def fences(limits: ReadLimits, facts: ServerFacts, search_path: Sequence[str] = ()) -> dict[str, str]:
    """Settings by name. A limit that an administrator set for the role is never widened.

    Raises InputInvalid for a planner setting that no read may choose.
    """
    wanted = {
        "statement_timeout": _milliseconds(limits.seconds),
        "lock_timeout": _milliseconds(limits.lock_seconds),
        "idle_in_transaction_session_timeout": _milliseconds(IDLE_GRACE_SECONDS),
        "work_mem": max(64, limits.work_mem_kb),
    }
    if facts.version >= 170000:
        wanted["transaction_timeout"] = _milliseconds(limits.seconds + IDLE_GRACE_SECONDS)
    if facts.limits_temp_files:
        wanted["temp_file_limit"] = limits.temp_file_kb
    settings = {name: str(_tighter(value, facts.settings.get(name, 0))) for name, value in wanted.items()}
    settings |= _chosen(limits, facts)
    if facts.notices_lost_clients:
        settings["client_connection_check_interval"] = str(CLIENT_CHECK_MS)
    settings |= PINNED
    if limits.zone:
        settings["timezone"] = limits.zone
    if search_path:
        settings["search_path"] = pinned_path(search_path)
    return settings


def _chosen(limits: ReadLimits, facts: ServerFacts) -> dict[str, str]:
    """What the reader chose for the planner. The server's general work_mem is a default and no limit; one that was set
    for the role or the database is."""
    require_allowed(limits.planner, most_memory_kb=limits.work_mem_kb)
    chosen = dict(limits.planner)
    size = memory_kb(limits.planner)
    if size is not None:
        chosen[WORK_MEM] = str(_tighter(size, facts.settings.get(WORK_MEM, 0) if facts.own_work_mem else 0))
    return chosen


def pinned_path(schemas: Sequence[str]) -> str:
    """The path that names were judged under. Temporary objects come last: by default they would hide all others."""
    kept = [schema for schema in schemas if not schema.startswith(("pg_temp", "pg_toast_temp"))]
    return ", ".join('"' + schema.replace('"', '""') + '"' for schema in [*kept, "pg_temp"])


def _tighter(wanted: int, present: int) -> int:
    return min(wanted, present) if present > 0 else wanted


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
