"""What an administrator may widen or narrow in the judgement of reads; everything defaults to the safe side."""

from __future__ import annotations

from dataclasses import dataclass

KNOWN_EXTENSIONS = frozenset(
    {
        "btree_gin",
        "btree_gist",
        "citext",
        "cube",
        "earthdistance",
        "fuzzystrmatch",
        "hstore",
        "intarray",
        "isn",
        "ltree",
        "pg_trgm",
        "pgcrypto",
        "plpgsql",
        "postgis",
        "postgis_raster",
        "postgis_topology",
        "seg",
        "tablefunc",
        "tsm_system_rows",
        "tsm_system_time",
        "unaccent",
        "uuid-ossp",
        "vector",
        "xml2",
    }
)
"""Extensions whose IMMUTABLE and STABLE C functions are known to compute only (``effects`` lists the exceptions)."""


@dataclass(frozen=True, slots=True)
class ReadPolicy:
    """Rules for reads on one database. Hashable, so that it can be part of cache keys."""

    extensions: frozenset[str] = KNOWN_EXTENSIONS
    """Extensions whose functions are trusted where they are declared IMMUTABLE or STABLE."""
    functions: frozenset[str] = frozenset()
    """``schema.name`` of functions allowed although pgwarden cannot look into them or would refuse them."""
    foreign_tables: bool = False
    """Whether reads may reach other servers through foreign tables."""
    security_definer: bool = True
    """Whether functions that run with their owner's rights may be called, when their bodies only read."""
    relations: frozenset[str] = frozenset()
    """``schema.name`` of system relations allowed although they show secrets or other sessions."""
    big_table_rows: float = 100_000.0
    """From this many estimated rows on, suggestions speak of unbounded scans and missing indexes."""


DEFAULT = ReadPolicy()
