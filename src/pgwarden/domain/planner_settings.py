"""Settings of PostgreSQL's planner that a reader may choose for one statement: they change its plan, never its rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pgwarden.domain.errors import InputInvalid

Chosen = tuple[tuple[str, str], ...]
"""Names and values, as ``ReadLimits.planner`` holds them."""

SWITCHES = frozenset(
    "enable_" + name
    for name in """
    async_append bitmapscan gathermerge hashagg hashjoin incremental_sort indexonlyscan indexscan material memoize
    mergejoin nestloop parallel_append parallel_hash partitionwise_aggregate partitionwise_join seqscan sort tidscan
    """.split()  # noqa: SIM905 - a word list reads better
) | {"jit", "geqo"}
"""Taken as on or off. Every one is known to PostgreSQL 14 and can be set by anybody."""
NUMBERS: Mapping[str, tuple[float, float]] = {
    "random_page_cost": (0.1, 100.0),
    "seq_page_cost": (0.1, 100.0),
    "from_collapse_limit": (1, 16),
    "join_collapse_limit": (1, 16),
    "max_parallel_workers_per_gather": (0, 4),
}
"""The least and the greatest value. Beyond 16 tables in one search, planning itself could take minutes."""
WORK_MEM = "work_mem"
_MEMORY = re.compile(r"(\d{1,9})\s*(kB|MB)", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,6}(\.\d{1,6})?")
LEAST_MEMORY_KB = 64


def planner_settings(written: Iterable[str], *, most_memory_kb: int) -> Chosen:
    """``name=value`` each. Raises InputInvalid for any other setting, a value out of bounds, and one named twice."""
    found: dict[str, str] = {}
    for each in written:
        name, equals, value = (part.strip() for part in each.partition("="))
        name = name.lower()
        if not equals or name in found:
            raise _invalid(each, "One value for each name is taken, as in enable_nestloop=off.")
        found[name] = _value(name, value, each, most_memory_kb)
    return tuple(sorted(found.items()))


def _value(name: str, value: str, written: str, most_memory_kb: int) -> str:
    if name in SWITCHES:
        if value.lower() not in ("on", "off"):
            raise _invalid(written, f"{name} is on or off.")
        return value.lower()
    if name in NUMBERS:
        least, most = NUMBERS[name]
        whole = isinstance(least, int)
        if not _NUMBER.fullmatch(value) or not least <= float(value) <= most or (whole and "." in value):
            raise _invalid(written, f"{name} is a number from {least:g} to {most:g}.")
        return value
    if name == WORK_MEM:
        match = _MEMORY.fullmatch(value)
        size = int(match[1]) * (1024 if match[2].lower() == "mb" else 1) if match else 0
        if not LEAST_MEMORY_KB <= size <= most_memory_kb:
            bounds = f"from {LEAST_MEMORY_KB}kB to {most_memory_kb}kB (the setting read_work_mem_kb)"
            raise _invalid(written, f"{name} is a size with its unit, kB or MB, {bounds}.")
        return f"{size}kB"
    raise _invalid(written, f"Only these can be chosen: {', '.join(sorted({*SWITCHES, *NUMBERS, WORK_MEM}))}.")


def _invalid(written: str, why: str) -> InputInvalid:
    return InputInvalid(
        f"{written[:100]!r} is no planner setting that a read may choose.",
        why=why,
        not_done="The statement was not run.",
        next_step="Leave it out, or see what helps: pgwarden advise --analyze",
    )


def memory_kb(chosen: Chosen) -> int | None:
    """The memory that was chosen, in kB; None where none was."""
    value = dict(chosen).get(WORK_MEM)
    return None if value is None else int(value.removesuffix("kB"))


def require_allowed(chosen: Chosen, *, most_memory_kb: int) -> None:
    """Raise InputInvalid unless every one could have come from ``planner_settings``: looked at where they are set."""
    planner_settings((f"{name}={value}" for name, value in chosen), most_memory_kb=most_memory_kb)
