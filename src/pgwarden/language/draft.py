"""The reading under construction: what has been understood so far, and the rules for choosing between columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from pgwarden.language.forms import Cond, Evidence, Expr
from pgwarden.language.index import Attribute, Entity, Field, LexicalIndex, Link
from pgwarden.language.joins import JoinGraph
from pgwarden.language.linking import Item, Linker
from pgwarden.language.morphology import is_plural
from pgwarden.language.tokens import Kind, Token

TABLE_SURE = 0.6
FEW = 40
"""Meanings of a word that are weighed one by one; of more, only those near what is spoken of."""


@dataclass(slots=True)
class Draft:
    """Mutable state of one sentence's reading over its items; ``at`` is the cursor of the main loop."""

    index: LexicalIndex
    graph: JoinGraph
    linker: Linker
    tokens: tuple[Token, ...]
    items: list[Item]
    """Of the sentence being read."""
    today: date | None = None
    said: tuple[Token, ...] = ()
    """Every token of the question, whichever sentence it stands in."""
    main: int = 0
    focus: int = 0
    """The table that was named last: later words more likely speak of it."""
    mentioned: list[int] = field(default_factory=list)
    ahead: frozenset[int] = frozenset()
    """Tables that the sentence names anywhere."""
    owned_output: bool = False
    """An output was asked for as an attribute of a table ("names of X")."""
    metrics: dict[str, Expr] = field(default_factory=dict)
    """Defined metrics by the word that stands for them in the sentence."""
    show_measure: bool = False
    """A "top 5 … by X" shows X beside what it ranks."""
    shown_before: tuple[Expr, ...] = ()
    """Outputs of the turn that a follow-up question continues."""
    units: list[str] = field(default_factory=list)
    """Units of "monthly …" that become groups once the time column is known."""
    series: str = ""
    """"running" or "growth": the measure is asked for along time."""
    series_unit: str = ""
    part_of_ratio: bool = False
    everything: bool = False
    """Whole rows are asked for ("all information about")."""
    default_display: bool = False
    """The outputs are how rows are usually shown, not something asked for by name."""
    projecting: bool = True
    select: list[Expr] = field(default_factory=list)
    where: list[Cond] = field(default_factory=list)
    group: list[Expr] = field(default_factory=list)
    grouped_entities: list[int] = field(default_factory=list)
    having: list[Cond] = field(default_factory=list)
    order: list[tuple[Expr, bool]] = field(default_factory=list)
    limit: int | None = None
    distinct: bool = False
    related: list[int] = field(default_factory=list)
    """Tables named as related ("who attended concerts") with no condition yet."""
    events: list[int] = field(default_factory=list)
    """Of those, the tables that a verb stands for: "products sold", of orders."""
    denied: int = 0
    """The event of a verb denied ("who never reserved"), until it is known of what."""
    pending_or: bool = False
    both: bool = False
    negated: bool = False
    denying: bool = False
    """The negation denies a deed ("did not buy A"), not what a column holds ("whose state is not A")."""
    open_negation: int = 0
    """Position in ``where`` (1-based) of a "without X" that still takes conditions on X."""
    evidence: Evidence = field(default_factory=Evidence)
    exact_text: str = "auto"
    """How text is matched: auto, exact, ilike (contains), lower (case-insensitive)."""
    first_items: list[Item] = field(default_factory=list)
    """Items of the first sentence."""
    ranking_word: str = ""
    """first, last, top or bottom, where one was said before a number."""
    bare_limit: bool = False
    """A "top 5" whose order has not been said yet."""

    # looking around

    def item(self, position: int) -> Item | None:
        return self.items[position] if 0 <= position < len(self.items) else None

    def word(self, position: int) -> str:
        """The lower-case text of a plain or linked item, '' past the end."""
        item = self.item(position)
        return item.lower if item is not None else ""

    def is_word(self, position: int, *words: str) -> bool:
        item = self.item(position)
        return item is not None and item.kind in (Kind.WORD, Kind.MARK) and item.lower in words

    def number(self, position: int) -> str | None:
        """The plain number at this item ("one" included), or None."""
        item = self.item(position)
        if item is None:
            return None
        if item.number:
            return item.tokens[0].value
        return (
            {"one": "1", "once": "1", "a": "1"}.get(item.lower)
            if item.lower != "a" or self.is_word(position - 1, "least")
            else None
        )

    def skip(self, position: int, *words: str) -> int:
        """The first position from here on that is none of the words."""
        while self.is_word(position, *words):
            position += 1
        return position

    def entity(self, oid: int) -> Entity:
        return self.index.entities[oid]

    def attribute(self, field_: Field) -> Attribute:
        return self.index.attribute(field_)

    def key(self, oid: int) -> Field | None:
        entity = self.entity(oid)
        return Field(oid, entity.key) if entity.key else None

    # choosing meanings

    def table(self, position: int) -> int:
        """The table an item names, 0 if it names none for sure enough."""
        item = self.item(position)
        if item is None or not item.tables or item.tables[0].score < TABLE_SURE:
            return 0
        if item.column_score() > item.table_score() + 0.15 and not self._keys_only(item):
            return 0
        near = (c for c in item.columns if c.relation in self.ahead and c.score > item.table_score() - 0.12)
        if item.table_score() < 0.86 and any(not self.attribute(c.field).identifier for c in near):
            return 0
        return self._best_table(item.tables)

    def _keys_only(self, item: Item) -> bool:
        """ "orders", best called so the key ``order_no`` of a table ``shop_orders``: its rows are meant."""
        own = {link.relation for link in item.tables if link.score >= TABLE_SURE}
        best = [c for c in item.columns if c.score >= item.column_score() - 0.01]
        plural = is_plural(item.tokens[-1].lower)
        return plural and all(self.attribute(c.field).identifier for c in best) and any(c.relation in own for c in best)

    def _best_table(self, links: tuple[Link, ...]) -> int:
        def rank(link: Link) -> tuple[float, int]:
            near = 0.12 if link.relation in self.mentioned else 0.0
            base = 0.05 if self.entity(link.relation).relation.is_table else 0.0
            anchors = self.mentioned[:1]
            reachable = any(self.graph.path(a, link.relation, self.index) is not None for a in anchors)
            return link.score + near + base + (0.06 if reachable else 0.0), -link.relation

        close = [link for link in links if link.score >= links[0].score - 0.12]
        best = max(close, key=rank)
        rivals = [
            r for r in close
            if r.relation != best.relation
            and rank(r)[0] > rank(best)[0] - 0.02
            and self.entity(r.relation).relation.is_table
        ]  # fmt: skip
        if rivals:
            names = sorted(self.entity(link.relation).relation.name.name for link in (best, *rivals))
            note = "table " + " or ".join(names)
            if note not in self.evidence.ambiguous:
                self.evidence.ambiguous.append(note)
        return best.relation

    def mention(self, oid: int) -> None:
        """A table was named."""
        if oid not in self.mentioned:
            self.mentioned.append(oid)
        self.focus = oid
        if not self.main:
            self.main = self.index.bases.get(oid, oid)

    def column(
        self, item: Item, owner: int = 0, kind: str = "", note: bool = True, measuring: bool = False
    ) -> Field | None:
        """The column an item means here: its score, then whose column it should be."""
        named = self._named(item, owner)
        if named is not None:
            return named
        ranked = self.rank_columns(item, owner, kind, measuring)
        if not ranked:
            return None
        score, link = ranked[0]
        if note:
            self.evidence.weak.append(min(1.0, link.score))
            same_name = self.attribute(link.field).name
            for other_score, other in ranked[1:3]:
                near = (self.main, owner)
                apart = other.relation not in (*near, link.relation) and link.relation not in near
                different = self.attribute(other.field).name != same_name or not self.main or apart
                if other_score > score - 0.04 and different:
                    first, second = self.qualified(link.field), self.qualified(other.field)
                    self.evidence.ambiguous.append(f"{item.text}: {first} or {second}")
        return link.field

    def _named(self, item: Item, owner: int) -> Field | None:
        """The "name" of a table that has no column just so called: what its rows are shown by (full_name)."""
        oid = owner or self.focus or self.main
        if item.lower not in ("name", "names") or not oid or self.has_column(item, oid, 0.95):
            return None
        shown = [f for f in self.displays(oid) if "name" in self.attribute(f).words]
        return shown[0] if len(shown) == 1 else None

    def qualified(self, field_: Field) -> str:
        return f"{self.entity(field_.relation).relation.name.name}.{self.attribute(field_).name}"

    def rank_columns(
        self, item: Item, owner: int = 0, kind: str = "", measuring: bool = False
    ) -> list[tuple[float, Link]]:
        """The columns an item may mean here, best first; ``measuring`` says that they are to be aggregated."""
        if owner in self.index.bases:
            base = self.index.bases[owner]
            return [(c.score, Link(owner, c.column, c.score)) for c in item.columns if c.relation == base]
        ranked: list[tuple[float, Link]] = []
        asks_id = any(t.lower in ("id", "ids", "identifier", "code", "codes") for t in item.tokens)
        for link in self._near(item.columns, owner):
            attribute = self.attribute(link.field)
            score = link.score + self.nearness(link.relation, owner)
            if kind:
                score += 0.3 if attribute.kind == kind else -0.25
            if attribute.identifier and not asks_id:
                score -= 0.3
            if not self.entity(link.relation).relation.is_table:
                score -= 0.1
            if measuring and self._constant(link.relation):
                score -= 0.2
                if any(t.lower in ("per", "each", "every") for t in self.tokens):
                    score -= 0.4
            ranked.append((score, link))
        ranked.sort(key=lambda pair: (-pair[0], pair[1].relation, pair[1].column))
        return ranked

    def nearness(self, relation: int, owner: int) -> float:
        score = 0.0
        if owner and relation == owner:
            score += 0.5
        elif owner:
            path = self.graph.path(owner, relation, self.index)
            score -= 0.3 if path is None else 0.06 * len(path)
        if relation == self.main:
            score += 0.22
        elif relation == self.focus:
            score += 0.24 if not self.projecting else 0.16
        elif relation in self.mentioned or relation in self.ahead:
            score += 0.12
        elif self.main:
            path = self.graph.path(self.main, relation, self.index)
            score -= 0.5 if path is None else 0.15 * len(path)
        elif self.ahead:
            reachable = any(self.graph.path(a, relation, self.index) is not None for a in self.ahead)
            score -= 0.08 if reachable else 0.5
        return score

    def _near(self, links: tuple[Link, ...], owner: int) -> Sequence[Link]:
        """Of a word that hundreds of tables use, the columns of the tables spoken of and of their neighbours."""
        if len(links) <= FEW:
            return links
        spoken = {owner, self.main, self.focus, *self.mentioned, *self.ahead} - {0}
        around = {edge.right.relation for oid in spoken for edge in self.graph.edges.get(oid, ())}
        further = {edge.right.relation for oid in around for edge in self.graph.edges.get(oid, ())}
        circle = spoken | around | further
        return [link for link in links if link.relation in circle] or links[:FEW]

    def _constant(self, relation: int) -> bool:
        """Whether a table gives each row of the tables named one value only: nothing to average."""
        for oid in (self.main, *self.ahead):
            if oid and oid != relation:
                path = self.graph.path(oid, relation, self.index)
                if path and all(edge.to_one for edge in path):
                    return True
        return False

    def has_column(self, item: Item, owner: int, least: float = 0.55) -> bool:
        base = self.index.bases.get(owner, owner)
        return any(link.relation == base and link.score >= least for link in item.columns)

    def displays(self, oid: int) -> list[Field]:
        return [Field(oid, number) for number in self.entity(oid).display]

    def times(self, oid: int) -> list[Attribute]:
        return [a for a in self.entity(oid).attributes.values() if a.kind == "time"]
