"""What to ask back: concrete options, or the plain statement that the database does not hold the answer."""

from __future__ import annotations

from pgwarden.domain.question import Clarification, Option, Reading
from pgwarden.language.changes import Change
from pgwarden.language.draft import Draft
from pgwarden.language.generate import NoJoinPath
from pgwarden.language.index import LexicalIndex


def clarify(
    draft: Draft,
    index: LexicalIndex,
    gap: NoJoinPath | None = None,
    reading: Reading | None = None,
    why: tuple[str, ...] = (),
    unheld: bool = False,
) -> Clarification:
    """The question back for a read that was not understood well enough.

    ``why`` says what speaks against the reading; ``unheld``, that most of all what is asked for was not found.
    """
    unknown = list(dict.fromkeys(draft.evidence.unknown))
    if gap is not None:
        left, right = (index.entities[oid].relation.name.name for oid in (gap.left, gap.right))
        return Clarification(f"No known way leads from {left} to {right}.", _tables(draft, index))
    if reading is None:
        return Clarification(
            "Nothing in the question names a table or a column of this database.", _tables(draft, index)
        )
    if draft.evidence.closed:
        words = ", ".join(f"“{word}”" for word in dict.fromkeys(draft.evidence.closed))
        return Clarification(f"You may not read the table that holds {words}.", _tables(draft, index))
    options = [Option(f"Yes: {reading.explanation}", reading.question, reading.sql or "")]
    if unknown:
        words = ", ".join(f"“{word}”" for word in unknown[:4])
        message = f"This database does not seem to hold {words}. Without that, it could be read as below."
    elif draft.evidence.ambiguous:
        message = "Which is meant: " + "; ".join(dict.fromkeys(draft.evidence.ambiguous)) + "?"
    else:
        opened = "This database does not seem to hold that." if unheld else "Is this what you mean?"
        message = " ".join((opened, *(_sentence(r) for r in why)))
    return Clarification(message, (*options, *_tables(draft, index)))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _tables(draft: Draft, index: LexicalIndex) -> tuple[Option, ...]:
    """The tables nearest to the question, each with a question that can be asked about it."""
    near = dict.fromkeys([*draft.mentioned, *(oid for oid in index.entities if index.entities[oid].relation.is_table)])
    names = [index.entities[oid].relation.name.name for oid in list(near)[:4]]
    return tuple(Option(f"Show {name}", f"Show all {name.replace('_', ' ')}") for name in names)


def ask_about_change(change: Change, index: LexicalIndex) -> Clarification:
    """The question back for a change: every doubt is named, nothing is offered to run."""
    message = "Before anything can change: " + "; ".join(dict.fromkeys(change.doubts)) + "."
    if not change.entity:
        return Clarification(message)
    entity = index.entities[change.entity]
    names = [a.name for a in entity.attributes.values()]
    table = entity.relation.name.name
    shown = tuple(Option(f"{table}.{name}") for name in names[:6])
    return Clarification(message, shown)
