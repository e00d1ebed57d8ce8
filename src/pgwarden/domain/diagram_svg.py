"""The entity-relationship graph as an SVG picture: no script, no font, no network needed to look at it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from pgwarden.domain.catalog import Relation
from pgwarden.domain.diagram import Edge, Graph, marks, shown_columns

WIDTH, ROW, HEADER, GAP_X, GAP_Y, MARGIN = 230, 18, 26, 90, 36, 30
STYLE = (
    "text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#1f2933}"
    ".name{font-weight:600;fill:#fff}.type{fill:#66788a}.mark{fill:#b44d12;font-weight:600}"
    ".box{fill:#fff;stroke:#9fb3c8}.head{fill:#334e68}.edge{fill:none;stroke:#627d98;stroke-width:1.3}"
    ".inferred{stroke-dasharray:5 4;stroke:#b44d12}"
)


class _Box(NamedTuple):
    relation: Relation
    rows: list[int]
    x: int
    y: int

    @property
    def height(self) -> int:
        return HEADER + ROW * len(self.rows) + 6

    def row_y(self, numbers: Sequence[int]) -> int:
        """The height at which a line to these columns ends."""
        at = next((self.rows.index(number) for number in numbers if number in self.rows), None)
        return self.y + HEADER // 2 if at is None else self.y + HEADER + ROW * at + ROW // 2


def svg(graph: Graph) -> str:
    """The picture. Boxes stand in columns of about equal height; dashed lines are inferred joins."""
    boxes = _placed(graph)
    width = max((box.x + WIDTH for box in boxes.values()), default=WIDTH) + MARGIN
    height = max((box.y + box.height for box in boxes.values()), default=ROW) + MARGIN + ROW
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="Entity-relationship diagram">',
        f"<style>{STYLE}</style>",
        '<rect width="100%" height="100%" fill="#f5f7fa"/>',
        *(_line(edge, boxes) for edge in graph.edges),
        *(part for box in boxes.values() for part in _drawn(box, graph.edges)),
    ]
    if graph.left_out:
        parts.append(f'<text x="{MARGIN}" y="{height - 12}">{graph.left_out} more tables are not shown</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _placed(graph: Graph) -> dict[int, _Box]:
    """Neighbours next to each other: tables in the order of a walk along the edges, filled into columns."""
    order = _walk(graph)
    rows = {oid: shown_columns(relation, graph.edges) for oid, relation in order.items()}
    total = sum(HEADER + ROW * len(found) + 6 + GAP_Y for found in rows.values())
    columns = max(1, round((total / (WIDTH + GAP_X)) ** 0.5))
    tallest = total / columns
    boxes: dict[int, _Box] = {}
    x, y = MARGIN, MARGIN
    for oid, relation in order.items():
        box = _Box(relation, rows[oid], x, y)
        boxes[oid] = box
        y += box.height + GAP_Y
        if y > tallest:
            x, y = x + WIDTH + GAP_X, MARGIN
    return boxes


def _walk(graph: Graph) -> dict[int, Relation]:
    relations = {relation.oid: relation for relation in graph.tables}
    near: dict[int, list[int]] = {}
    for edge in graph.edges:
        near.setdefault(edge.table, []).append(edge.foreign)
        near.setdefault(edge.foreign, []).append(edge.table)
    order: dict[int, Relation] = {}
    for start in relations:
        waiting = [start]
        while waiting:
            oid = waiting.pop()
            if oid not in order:
                order[oid] = relations[oid]
                waiting.extend(other for other in near.get(oid, ()) if other not in order)
    return order


def _drawn(box: _Box, edges: Sequence[Edge]) -> list[str]:
    relation = box.relation
    name = str(relation.name)
    parts = [
        f'<g transform="translate({box.x} {box.y})">',
        f'<rect class="box" width="{WIDTH}" height="{box.height}" rx="5"/>',
        f'<rect class="head" width="{WIDTH}" height="{HEADER}" rx="5"/>',
        f'<text class="name" x="8" y="17">{_cut(name, 29)}<title>{escape(name)}</title></text>',
    ]
    for at, number in enumerate(box.rows):
        column = relation.column_at(number)
        assert column is not None
        y = HEADER + ROW * at + 13
        mark = marks(relation, number, edges).replace(", ", "/")
        parts.append(f'<text x="8" y="{y}">{_cut(column.name, 16)}</text>')
        parts.append(f'<text class="type" x="125" y="{y}">{_cut(column.type_name, 10)}</text>')
        if mark:
            parts.append(f'<text class="mark" x="{WIDTH - 7}" y="{y}" text-anchor="end">{mark}</text>')
    return [*parts, "</g>"]


def _line(edge: Edge, boxes: dict[int, _Box]) -> str:
    """A curve from the referring column to the referred one, leaving at the sides that face each other."""
    here, there = boxes[edge.table], boxes[edge.foreign]
    y1, y2 = here.row_y(edge.columns), there.row_y(edge.foreign_columns)
    x1, out = (here.x + WIDTH, 1) if there.x >= here.x else (here.x, -1)
    x2, into = (there.x, -1) if there.x > here.x else (there.x + WIDTH, 1)
    reach = max(40, abs(x2 - x1) // 3)
    kind = "edge inferred" if edge.inferred else "edge"
    title = escape(f"{here.relation.name} ({edge.label}) → {there.relation.name}")
    curve = f"M{x1} {y1} C{x1 + out * reach} {y1} {x2 + into * reach} {y2} {x2} {y2}"
    end = f'<circle cx="{x2}" cy="{y2}" r="3" fill="#627d98"/>'
    return f'<path class="{kind}" d="{curve}"><title>{title}</title></path>{end}'


def _cut(text: str, length: int) -> str:
    return escape(text if len(text) <= length else text[: length - 1] + "…")
