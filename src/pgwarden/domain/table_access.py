"""What one reader may see when a table is looked into as a whole: its sample and its profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pgwarden.domain.catalog import Catalog, Relation
from pgwarden.domain.errors import RightMissing
from pgwarden.domain.identity import Access, DataRights
from pgwarden.domain.profile import ColumnProfile, Sample, TableProfile
from pgwarden.domain.read_access import Sensitivity

HIDDEN = "•••"


class TableAccess:
    """The access to each column of one table."""

    def __init__(
        self, database: str, relation: Relation, catalog: Catalog, rights: DataRights, sensitive: Sensitivity
    ) -> None:
        """Raises RightMissing when no column may be read at all."""
        self._name = str(relation.name)
        self._accesses: Mapping[str, Access] = {
            column.name: rights.on(
                database,
                relation.name.schema,
                relation.name.name,
                column.name,
                sensitive=sensitive(catalog, relation.oid, column.number),
            )
            for column in relation.columns
        }
        if all(access is Access.DENY for access in self._accesses.values()):
            raise RightMissing(
                f"You may not read {self._name}.",
                why="No data right of yours covers it, or one denies it.",
                not_done="Nothing was read.",
                next_step="Ask whoever keeps the data rights.",
            )

    def require_unmasked(self) -> None:
        """Raises RightMissing when a column that may be seen at all may only be seen masked."""
        masked = [name for name, access in self._accesses.items() if access is Access.MASKED]
        if masked:
            raise RightMissing(
                f"You may see {', '.join(masked)} of {self._name} only masked.",
                not_done="Nothing was read.",
                next_step="Look at it masked, or ask whoever keeps the data rights.",
            )

    def on_sample(self, sample: Sample) -> Sample:
        """The sample without denied columns and with masked ones hidden."""
        kept = [at for at, name in enumerate(sample.columns) if self._on(name) is not Access.DENY]
        newly = {name for name in sample.columns if self._on(name) is Access.MASKED} - set(sample.masked)
        rows = tuple(
            tuple(_hidden(row[at]) if sample.columns[at] in newly else row[at] for at in kept) for row in sample.rows
        )
        columns = tuple(sample.columns[at] for at in kept)
        masked = tuple(name for name in columns if name in newly or name in sample.masked)
        return replace(sample, columns=columns, rows=rows, masked=masked)

    def on_profile(self, profile: TableProfile) -> TableProfile:
        """The profile without denied columns, and of masked ones only how many values there are."""
        columns = [c for c in profile.columns if self._on(c.name) is not Access.DENY]
        shown = tuple(self._profiled(column) for column in columns)
        names = {column.name for column in columns}
        return replace(
            profile, columns=shown, findings=tuple(f for f in profile.findings if f.column in names or not f.column)
        )

    def on_row(self, columns: tuple[str, ...], row: tuple[str | None, ...] | None) -> tuple[str | None, ...] | None:
        """One row as PostgreSQL's texts, with everything hidden that may not be seen as it is."""
        if row is None:
            return None
        return tuple(
            value if self._on(name) is Access.READ else _hidden(value) for name, value in zip(columns, row, strict=True)
        )

    def _profiled(self, column: ColumnProfile) -> ColumnProfile:
        if self._on(column.name) is Access.READ or column.sensitive:
            return column
        return replace(column, minimum=None, maximum=None, mean=None, top=(), histogram=())

    def _on(self, name: str) -> Access:
        return self._accesses.get(name, Access.DENY)


def _hidden(value: str | None) -> str | None:
    return None if value is None else HIDDEN
