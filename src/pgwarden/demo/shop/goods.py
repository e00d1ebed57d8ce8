"""What the shop sells and where it lies."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pgwarden.demo.shop import words
from pgwarden.demo.shop.table import NULL, SECONDS_PER_DAY, Calendar, Table, array, stream

PRODUCTS = 500
SUPPLIERS = 40
HISTORY_YEARS = 3
STOCK_MOVEMENTS = 20_000
STOCK_DAYS = 540
UNCATEGORISED = 1


@dataclass(frozen=True, slots=True)
class Product:
    id: int
    cents: int
    weight: int  # how well it sells


def categories() -> tuple[Table, dict[str, int]]:
    """The tree of categories, and the id of each name."""
    ids = {"Uncategorized": UNCATEGORISED}
    lines = [f"{UNCATEGORISED}\t{NULL}\tUncategorized\t99"]
    for line in words.LINES:
        for parent, name in ((None, line.parent), (line.parent, line.category)):
            if name not in ids:
                ids[name] = len(ids) + 1
                above = NULL if parent is None else ids[parent]
                lines.append(f"{ids[name]}\t{above}\t{name}\t{len(ids)}")
    return Table("categories", ("id", "parent_id", "name", "position"), lines), ids


def suppliers() -> Table:
    draw = stream("suppliers")
    lines = []
    for number in range(SUPPLIERS):
        word = words.SUPPLIER_WORDS[number % len(words.SUPPLIER_WORDS)]
        kind = words.SUPPLIER_KINDS[(number + number // len(words.SUPPLIER_WORDS)) % len(words.SUPPLIER_KINDS)]
        contact = f"{draw.choice(words.FIRST_NAMES)} {draw.choice(words.LAST_NAMES)}"
        email = f"{contact.lower().replace(' ', '.')}@{word.lower()}{number}.example"
        phone = f"+1-555-01{number:02d}" if draw.random() < 0.9 else NULL
        rating = f"{draw.uniform(2.5, 5):.1f}"
        country = draw.choice(words.COUNTRIES)
        lines.append(
            f"{number + 1}\t{word} {kind}\t{country}\t{contact}\t{email}\t{phone}\t{draw.randint(2, 45)}\t{rating}"
        )
    columns = ("id", "name", "country", "contact_name", "contact_email", "contact_phone", "lead_time_days", "rating")
    return Table("suppliers", columns, lines)


def warehouses() -> Table:
    lines = [f"{number}\t{code}\t{city}\t{state}" for number, (code, city, state) in enumerate(words.WAREHOUSES, 1)]
    return Table("warehouses", ("id", "code", "city", "state"), lines)


def products(calendar: Calendar, category_ids: dict[str, int]) -> tuple[Table, list[Product]]:
    draw = stream("products")
    lines, made, used = [], [], set[str]()
    for number in range(1, PRODUCTS + 1):
        line = words.LINES[number % len(words.LINES)]
        noun = draw.choice(line.nouns)
        name = f"{draw.choice(words.STYLES)} {noun}"
        while name in used:
            name = f"{draw.choice(words.STYLES)} {noun} {draw.choice(('II', 'Plus', 'Pro', 'Mini', 'Max', 'Lite'))}"
        used.add(name)
        dollars = line.lowest + (line.highest - line.lowest) * draw.random() ** 2
        cents = int(dollars) * 100 + draw.choice((0, 49, 95, 99))
        color, material = draw.choice(words.COLORS), draw.choice(words.MATERIALS[line.parent])
        attributes = {"color": color, "material": material, "warranty_months": draw.choice((0, 12, 24, 36))}
        fields = (
            number,
            f"{line.category[:3].upper()}-{number:05d}",
            name,
            f"{noun} ({color}, {material}) from our {line.category.lower()} range." if number % 12 else NULL,
            category_ids[line.category] if number % 97 else UNCATEGORISED,
            draw.randint(1, SUPPLIERS),
            money(cents),
            money(int(cents * draw.uniform(0.4, 0.75))),
            draw.choice((0, 4, 12)) if draw.random() < 0.08 else draw.randint(15, 400),
            draw.choice((10, 20, 20, 30)),
            f"{draw.uniform(0.1, 30):.2f}",
            array(draw.sample(words.PRODUCT_TAGS, draw.randint(0, 3))),
            json.dumps(attributes),
            "f" if draw.random() < 0.06 else "t",
            calendar.moment(draw.randint(30, 365 * HISTORY_YEARS) * SECONDS_PER_DAY),
        )
        lines.append("\t".join(map(str, fields)))
        made.append(Product(number, cents, draw.choice((1, 1, 2, 3, 8))))
    columns = (
        *("id", "sku", "name", "description", "category_id", "supplier_id", "price", "cost", "stock_quantity"),
        *("reorder_level", "weight_kg", "tags", "attributes", "is_active", "created_at"),
    )
    return Table("products", columns, lines), made


def price_history(calendar: Calendar, made: list[Product]) -> Table:
    """Past prices that lead up to today's; later changes are written by the trigger."""
    draw = stream("price_history")
    lines = []
    for product in made:
        price = product.cents
        for step in range(draw.randint(0, 6)):
            before = max(100, int(price * draw.uniform(0.85, 1.1)))
            ago = (step * 160 + draw.randint(5, 150)) * SECONDS_PER_DAY + draw.randint(0, 40_000)
            lines.append(f"{product.id}\t{money(before)}\t{money(price)}\t{calendar.moment(ago)}\tshop_owner")
            price = before
    return Table("price_history", ("product_id", "old_price", "new_price", "changed_at", "changed_by"), lines)


def stock_movements(calendar: Calendar) -> Table:
    draw = stream("stock_movements")
    reasons = draw.choices(("sale", "purchase", "return", "damage", "correction"), (70, 18, 6, 3, 3), k=STOCK_MOVEMENTS)
    spans = sorted((draw.randint(60, STOCK_DAYS * SECONDS_PER_DAY) for _ in reasons), reverse=True)
    lines = []
    for number, (reason, seconds) in enumerate(zip(reasons, spans, strict=True), 1):
        amount = draw.randint(20, 200) if reason == "purchase" else draw.randint(1, 5)
        sign = "-" if reason in ("sale", "damage") or (reason == "correction" and number % 2) else ""
        product, warehouse = draw.randint(1, PRODUCTS), draw.randint(1, len(words.WAREHOUSES))
        lines.append(f"{number}\t{product}\t{warehouse}\t{reason}\t{sign}{amount}\t{calendar.moment(seconds)}")
    return Table("stock_movements", ("id", "product_id", "warehouse_id", "reason", "quantity", "moved_at"), lines)


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
