"""What may leave the machine, and the mark around everything that is data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pgwarden.domain.catalog import Catalog, Column, Relation
from pgwarden.domain.sensitive import is_sensitive_in, kind_of_values, mask, sensitivity


class Discloses(StrEnum):
    """What of a database a model is told."""

    SCHEMA = "schema"
    """Names, types, comments and keys; no value."""
    MASKED = "masked"
    """And the shape of some values."""
    SAMPLES = "samples"
    """And some values as they are."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What leaves the machine. Values of personal and secret columns stay, unless ``personal``."""

    discloses: Discloses = Discloses.SCHEMA
    personal: bool = False
    policy: Callable[[Catalog, int, int], bool] = is_sensitive_in
    """What else the policy calls sensitive: (catalog, relation oid, attnum)."""
    hidden: Callable[[int, int], bool] = lambda _relation, _column: True
    """Columns whose values who asks may not see as they are: (relation oid, attnum)."""

    @property
    def whole_examples(self) -> bool:
        """Whether questions that others asked may leave with the values in them."""
        return self.discloses is Discloses.SAMPLES and self.personal

    def values(self, catalog: Catalog, relation: Relation, column: Column, known: Sequence[str]) -> tuple[str, ...]:
        """The values of a column that may be shown, at most eight, each short."""
        few = [value for value in known if len(value) <= 40][:8]
        if self.discloses is Discloses.SCHEMA or not few or self.hidden(relation.oid, column.number):
            return ()
        sensitive = sensitivity(relation, column)
        judged = sensitive or kind_of_values(few) or self.policy(catalog, relation.oid, column.number)
        if judged and not self.personal:
            return ()
        if self.discloses is Discloses.MASKED:
            return tuple(dict.fromkeys(str(mask(value, sensitive.kind if sensitive else None)) for value in few))
        return tuple(few)

    def tells(self, catalog: Catalog, relation: Relation, column: Column, known: Sequence[str]) -> bool:
        """Whether values of a column leave as they are, so that what it holds or does not hold may be told, too."""
        return self.discloses is Discloses.SAMPLES and bool(self.values(catalog, relation, column, known))


def fenced(label: str, text: str, boundary: str) -> str:
    """Data between two marks that its writer could not know; the mark itself is taken out of it."""
    inner = text.replace(boundary, "").replace("\x00", "")
    return f"<<{boundary} {label}\n{inner}\n{boundary}>>"


def blanked(text: str, values: Iterable[str]) -> str:
    """A text without these values, and without the words that they are made of."""
    parts = {part for value in values for part in (value.strip("%"), *re.findall(r"[^\W_]{3,}", value)) if part}
    for part in sorted(parts, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", "…", text, flags=re.IGNORECASE)
    return text
