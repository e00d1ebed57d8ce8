"""A schema of many tables for the speed of the language engine: departments that all keep the same kinds of things."""

from __future__ import annotations

from itertools import count, product

from pgwarden.domain.catalog import Catalog, Column, Constraint, Name, Relation, Type
from pgwarden.domain.value_index import SampledValues

AREAS = """sales purchasing payroll fleet garden museum clinic library harbour airport theatre stadium kitchen mine
forest farm school hotel studio garage depot lab court bank post radio tower bridge canal tunnel mill quarry
vineyard bakery brewery dairy pharmacy nursery zoo aquarium""".split()  # noqa: SIM905 - a word list reads better so
THINGS = """customers orders invoices payments employees vehicles rooms events tickets contracts suppliers shipments
tasks meetings documents devices licenses visits inspections complaints budgets projects reports alarms tools""".split()  # noqa: SIM905
COLUMNS = ("id integer", "name text", "status text", "city text", "amount numeric", "price numeric", "quantity integer",
           "created_at timestamp", "due_date date", "owner_id integer", "notes text", "is_active boolean")  # fmt: skip
TYPES = {"integer": (23, "N"), "text": (25, "S"), "numeric": (1700, "N"), "timestamp": (1114, "D"), "date": (1082, "D"),
         "boolean": (16, "B")}  # fmt: skip

QUESTIONS = (
    "How many sales customers are there?",
    "What is the average price of garden tools per city?",
    "Which harbour vehicles are active?",
    "List the names of museum events created last month",
    "Top 5 hotel rooms by price",
    "How many clinic visits were there in 2024?",
    "Which bank contracts have an amount above 10000?",
    "Show the name and city of airport suppliers in Leeds ordered by name",
    "What is the total amount of farm invoices by status?",
    "Which theatre tickets cost less than 20?",
    "How many open library tasks does each owner have?",
    "What is the weather in Leeds?",
)


def schema(tables: int) -> tuple[Catalog, SampledValues]:
    """A catalog of that many tables with 12 columns each, and values for their cities and states."""
    oids = count(20_000)
    relations: dict[int, Relation] = {}
    values: dict[tuple[int, int], tuple[str, ...]] = {}
    for area, thing in list(product(AREAS, THINGS))[:tables]:
        relation = _relation(next(oids), f"{area}_{thing}")
        relations[relation.oid] = relation
        values[(relation.oid, 3)] = ("open", "closed", "cancelled")
        values[(relation.oid, 4)] = ("Leeds", "York", "Hull", f"{area.title()} Town")
    types = {
        oid: Type(oid, Name("pg_catalog", name), "b", category, False, 0, 0, 0, 0)
        for name, (oid, category) in TYPES.items()
    }
    catalog = Catalog(
        "wide", 1, 180004, "reader", ("pg_catalog", "public"), relations, types, {}, {}, (), version="wide"
    )
    return catalog, SampledValues(values)


def _relation(oid: int, name: str) -> Relation:
    columns = tuple(
        Column(number, column, TYPES[type_name][0], type_name, number == 1, None, "", "", 0, None, True)
        for number, (column, type_name) in enumerate((c.split() for c in COLUMNS), start=1)
    )
    key = Constraint(oid * 10, f"{name}_pkey", "p", oid, (1,), None)
    return Relation(oid, Name("public", name), "r", "owner", "p", columns, 1000.0, 10, constraints=(key,))
