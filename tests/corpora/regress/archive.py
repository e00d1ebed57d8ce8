"""The regression files: unpacked from their archive, and which of them others need before they make sense."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

ARCHIVE = Path(__file__).with_name("postgresql-18.6.tar.xz")

SETUP = ("test_setup",)
BASE = (
    "create_misc",
    "create_operator",
    "create_procedure",
    "create_table",
    "create_type",
    "create_schema",
    "create_index",
    "create_index_spgist",
    "create_view",
    "create_aggregate",
    "create_function_sql",
    "create_cast",
)
"""Files whose objects many later ones use; the order is that of the schedule."""

NEEDS = {
    "geometry": ("point", "lseg", "line", "box", "path", "polygon", "circle"),
    "horology": ("date", "time", "timetz", "timestamp", "timestamptz", "interval"),
    "amutils": ("hash_index", "brin"),
    "brin_bloom": ("brin",),
    "brin_multi": ("brin",),
    "numeric_big": ("numeric",),
    "hash_part": ("hash_func",),
    "jsonb_jsonpath": ("jsonb",),
    "portals_p2": ("portals",),
    "tsdicts": ("tsearch",),
}
"""Files that need others beyond the base."""


def unpack(directory: Path) -> None:
    """Put the files under ``directory``; the server's account must be able to read there."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # from Python 3.11.4 on
        archive.extractall(directory)
    data = directory / "data"
    (data / "hash.data").write_bytes((data / "desc.data").read_bytes())
    for path in (directory, directory / "sql", data):
        path.chmod(0o755)
    for path in data.iterdir():
        path.chmod(0o644)


def schedule(directory: Path) -> tuple[str, ...]:
    """Names of the files in the order in which PostgreSQL runs them, as far as the archive has them."""
    text = (directory / "parallel_schedule").read_text(encoding="utf-8")
    names = [name for line in re.findall(r"^test:(.*)$", text, re.MULTILINE) for name in line.split()]
    return tuple(name for name in names if (directory / "sql" / f"{name}.sql").exists())


def needed_first(name: str) -> tuple[str, ...]:
    """Files to play before this one, on a database that holds the setup only or, after BASE, everything in it."""
    if name in BASE:
        return BASE[: BASE.index(name)]
    return tuple(other for other in NEEDS.get(name, ()))


def read(directory: Path, name: str) -> str:
    """The text of a file; the few that are not UTF-8 are read byte for byte."""
    raw = (directory / "sql" / f"{name}.sql").read_bytes()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
