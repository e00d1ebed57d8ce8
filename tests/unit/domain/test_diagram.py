"""The entity-relationship graph as Mermaid and SVG, of small databases and of huge ones."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

from tests.support.catalogs import catalog, table

from pgwarden.domain.catalog import InferredJoin
from pgwarden.domain.diagram import entity_graph, mermaid
from pgwarden.domain.diagram_svg import svg

CUSTOMERS = table(1, "customers", ["id integer", "name text"])
ORDERS = table(2, "orders", ["id integer", "customer_id integer"], references=[(2, 1)])
NOTES = table(3, 'odd "&<notes>', ["id integer", "about integer"])
SHOP = replace(catalog(CUSTOMERS, ORDERS, NOTES), inferred_joins=(InferredJoin(3, 2, 2, 1, 0.9, "names"),))


def test_mermaid() -> None:
    text = mermaid(entity_graph(SHOP))
    assert text.startswith("erDiagram\n")
    assert '  "customers" |o--o{ "orders" : "customer_id"' in text
    assert '  "orders" |o..o{' in text
    assert "    integer customer_id FK" in text
    assert "    integer id PK" in text


def test_svg_is_well_formed_and_shows_every_table() -> None:
    root = ElementTree.fromstring(svg(entity_graph(SHOP)))
    names = {element.text for element in root.iter("{http://www.w3.org/2000/svg}title")}
    assert {"public.customers", "public.orders"} <= names
    assert sum(1 for _ in root.iter("{http://www.w3.org/2000/svg}path")) == 2


def test_around_one_table() -> None:
    tables = [table(1, "hub", ["id integer"])]
    tables += [table(n, f"t{n}", ["id integer", "up integer"], references=[(2, n - 1)]) for n in range(2, 20)]
    graph = entity_graph(catalog(*tables), [tables[0]], limit=3)
    assert [relation.name.name for relation in graph.tables] == ["hub", "t2", "t3"]
    assert graph.left_out == 16


def test_a_thousand_tables_stay_readable() -> None:
    hub = table(1, "hub", ["id integer"])
    tables = [table(n, f"t{n}", ["id integer", "hub_id integer"], references=[(2, 1)]) for n in range(2, 1001)]
    graph = entity_graph(catalog(hub, *tables))
    assert len(graph.tables) == 40
    assert graph.tables[0].name.name == "hub"
    assert "960 more tables are not shown" in mermaid(graph)
    ElementTree.fromstring(svg(graph))
    assert mermaid(entity_graph(catalog())) == "erDiagram\n"
    ElementTree.fromstring(svg(entity_graph(catalog())))
