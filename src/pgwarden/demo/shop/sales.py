"""Three years of business: orders with their items, payments, parcels and reviews, growing towards today."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from random import Random

from pgwarden.demo.shop import words
from pgwarden.demo.shop.goods import Product, money
from pgwarden.demo.shop.people import Customer, People
from pgwarden.demo.shop.table import NULL, SECONDS_PER_DAY, Calendar, Table, stream

ORDERS = 30_000
REVIEWS = 9_000
PROMOTIONS = 24
PROMOTION_EVERY_DAYS = 45
PROMOTION_DAYS = 14
PROMOTION_STARTED = 3  # days ago: one is running today
SETTLED_DAYS = 14  # older orders have reached their last state
CHANNELS = ("web", "mobile", "store", "phone")
STATIONARY = ("store", "phone")
LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


@dataclass(slots=True)
class Sales:
    orders: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)
    shipments: list[str] = field(default_factory=list)

    def tables(self) -> tuple[Table, ...]:
        order_columns = (
            *("id", "customer_id", "shipping_address_id", "sales_rep_id", "promotion_id", "channel", "status"),
            *("ordered_at", "discount", "shipping_fee", "total"),
        )
        shipment_columns = (
            *("id", "order_id", "warehouse_id", "carrier", "tracking_number", "shipped_at", "delivered_at"),
        )
        return (
            Table("orders", order_columns, self.orders),
            Table("order_items", ("order_id", "line_number", "product_id", "quantity", "unit_price"), self.items),
            Table(
                "payments", ("id", "order_id", "method", "status", "amount", "paid_at", "card_number"), self.payments
            ),
            Table("shipments", shipment_columns, self.shipments),
        )


def promotions(calendar: Calendar) -> Table:
    lines = []
    for number in range(1, PROMOTIONS + 1):
        first = (PROMOTIONS - number) * PROMOTION_EVERY_DAYS + PROMOTION_STARTED
        code = f"{words.STYLES[number].upper()}{number:02d}"
        valid = f"[{calendar.day(first)},{calendar.day(first - PROMOTION_DAYS)})"
        lines.append(f"{number}\t{code}\t{_percent(number)}.0\t{valid}")
    return Table("promotions", ("id", "code", "percent_off", "valid_during"), lines)


def sales(calendar: Calendar, people: People, products: list[Product]) -> tuple[Table, ...]:
    draw = stream("orders")
    made = Sales()
    weights = list(itertools.accumulate(product.weight for product in products))
    moments = _moments(draw, people.customers[0].days_known - 1)
    regulars = people.customers
    for number, seconds in enumerate(moments, 1):
        customer = _buyer(draw, regulars, seconds)
        _order(draw, made, calendar, number, seconds, customer, people.sales_reps, products, weights)
    return made.tables()


def _moments(draw: Random, days: int) -> list[int]:
    """Seconds before today, oldest first; denser towards today. The last ones fall into today's first minutes."""
    span = days * SECONDS_PER_DAY
    past = sorted((int(span * draw.random() ** 1.4) for _ in range(ORDERS - 12)), reverse=True)
    return [*past, *(-second * 5 for second in range(1, 13))]


def _buyer(draw: Random, customers: list[Customer], seconds: int) -> Customer:
    """Somebody who was a customer by then; customers are sorted by how long they are known."""
    oldest = customers[0]
    for _ in range(20):
        candidate = customers[int(len(customers) * draw.random())]
        if candidate.days_known * SECONDS_PER_DAY > seconds + SECONDS_PER_DAY:
            return candidate
    return oldest


def _status(draw: Random, days: int) -> str:
    if days > SETTLED_DAYS:
        return draw.choices(("delivered", "cancelled", "returned"), (90, 6, 4))[0]
    if days > 6:
        return draw.choices(("delivered", "shipped", "cancelled"), (60, 35, 5))[0]
    return draw.choices(("pending", "paid", "shipped"), (25, 45, 30))[0]


def _order(
    draw: Random,
    made: Sales,
    calendar: Calendar,
    number: int,
    seconds: int,
    customer: Customer,
    reps: list[int],
    products: list[Product],
    weights: list[int],
) -> None:
    subtotal = 0
    chosen = draw.choices(products, cum_weights=weights, k=draw.choice((1, 1, 2, 2, 3, 5)))
    for line, product in enumerate(chosen, 1):
        quantity = draw.choice((1, 1, 1, 2, 3))
        cents = product.cents if draw.random() < 0.7 else int(product.cents * draw.uniform(0.85, 1.05))
        subtotal += quantity * cents
        made.items.append(f"{number}\t{line}\t{product.id}\t{quantity}\t{money(cents)}")
    status = _status(draw, seconds // SECONDS_PER_DAY)
    channel = draw.choices(CHANNELS, (55, 28, 11, 6))[0]
    promotion, percent = _promotion(seconds) if draw.random() < 0.5 else (NULL, 0)
    discount = subtotal * percent // 100
    fee = 0 if channel == "store" or subtotal > 10_000 else 595
    total = subtotal - discount + fee
    at = calendar.moment(seconds)
    address = draw.choice(customer.addresses) if channel != "store" else NULL
    rep = draw.choice(reps) if channel in STATIONARY else NULL
    made.orders.append(
        f"{number}\t{customer.id}\t{address}\t{rep}\t{promotion}\t{channel}\t{status}\t{at}"
        f"\t{money(discount)}\t{money(fee)}\t{money(total)}"
    )
    if status != "pending":
        made.payments.append(_payment(draw, len(made.payments) + 1, number, status, total, at))
    if status in ("shipped", "delivered", "returned"):
        made.shipments.append(_shipment(draw, calendar, number, seconds, status))


def _promotion(seconds: int) -> tuple[str, int]:
    """The promotion that was valid that many seconds before today, and its percentage."""
    days = -(-seconds // SECONDS_PER_DAY)
    back, into = divmod(days - PROMOTION_STARTED + PROMOTION_DAYS - 1, PROMOTION_EVERY_DAYS)
    number = PROMOTIONS - back
    if into < PROMOTION_DAYS and 1 <= number <= PROMOTIONS:
        return str(number), _percent(number)
    return NULL, 0


def _percent(promotion: int) -> int:
    return (5, 10, 15, 20)[promotion % 4]


def _payment(draw: Random, number: int, order: int, status: str, cents: int, at: str) -> str:
    method = draw.choices(("card", "paypal", "bank_transfer", "gift_card"), (68, 20, 9, 3))[0]
    state = {"cancelled": "failed", "returned": "refunded", "paid": "authorized"}.get(status, "captured")
    card = _card_number(draw) if method == "card" else NULL
    return f"{number}\t{order}\t{method}\t{state}\t{money(cents)}\t{at}\t{card}"


def _card_number(draw: Random) -> str:
    """Sixteen digits with a valid check digit, in a range (99…) that no card network issues."""
    digits = f"99{draw.randrange(10**13):013d}"
    total = sum(LUHN_DOUBLED[int(digit)] for digit in digits[::2]) + sum(int(digit) for digit in digits[1::2])
    return f"{digits}{-total % 10}"


def _shipment(draw: Random, calendar: Calendar, order: int, seconds: int, status: str) -> str:
    sent = max(seconds - draw.randint(3_600, 2 * SECONDS_PER_DAY), -120)
    arrived = calendar.moment(sent - draw.randint(20_000, 4 * SECONDS_PER_DAY)) if status != "shipped" else NULL
    identity = uuid.UUID(int=draw.getrandbits(128), version=4)
    return (
        f"{identity}\t{order}\t{draw.randint(1, len(words.WAREHOUSES))}\t{draw.choice(words.CARRIERS)}"
        f"\tTRK{order:09d}\t{calendar.moment(sent)}\t{arrived}"
    )


def reviews(calendar: Calendar, products: list[Product], people: People) -> Table:
    draw = stream("reviews")
    stars = draw.choices((1, 2, 3, 4, 5), (6, 8, 15, 32, 39), k=REVIEWS)
    chosen = draw.choices(products, [product.weight for product in products], k=REVIEWS)
    lines = []
    for rating, product in zip(stars, chosen, strict=True):
        customer = draw.choice(people.customers)
        titles, bodies = words.REVIEWS[rating]
        at = calendar.moment(draw.randint(60, customer.days_known * SECONDS_PER_DAY))
        author = customer.id if draw.random() < 0.96 else NULL
        lines.append(f"{product.id}\t{author}\t{rating}\t{draw.choice(titles)}\t{draw.choice(bodies)}\t{at}")
    return Table("reviews", ("product_id", "customer_id", "rating", "title", "body", "created_at"), lines)
