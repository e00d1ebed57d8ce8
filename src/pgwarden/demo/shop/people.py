"""Who buys, who has an account, who works here. Every person and number is invented."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random

from pgwarden.demo.shop import words
from pgwarden.demo.shop.table import NULL, SECONDS_PER_DAY, Calendar, Table, array, stream

CUSTOMERS = 5_000
USERS = 6_000
CUSTOMER_DAYS = 1_100
MAIL_DOMAINS = ("example.com", "example.org", "example.net")  # reserved: no mail can reach anybody
THEMES = ("light", "dark", "system")
LANGUAGES = ("en", "en", "en", "es", "fr")
TOPICS = ("deals", "news", "tips")


@dataclass(frozen=True, slots=True)
class Customer:
    id: int
    days_known: int
    addresses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class People:
    """The tables of persons, and what the orders need to know about them."""

    tables: tuple[Table, ...]
    customers: list[Customer]
    sales_reps: list[int]


def people(calendar: Calendar) -> People:
    employees, reps = _employees(calendar)
    customers, addresses, known = _customers(calendar)
    return People((employees, customers, addresses, _users(calendar, known), _notes(calendar, known)), known, reps)


def _name(draw: Random) -> tuple[str, str]:
    return draw.choice(words.FIRST_NAMES), draw.choice(words.LAST_NAMES)


def _national_id(draw: Random, number: int) -> str:
    """Shaped like a social security number; areas above 899 were never given to a person."""
    return f"9{draw.randint(0, 99):02d}-{number // 10_000 + 10:02d}-{number % 10_000:04d}"


def _phone(draw: Random, area: int) -> str:
    return f"+1-{area}-555-01{draw.randint(0, 99):02d}"


def _born(draw: Random, calendar: Calendar, youngest: int, oldest: int) -> str:
    return calendar.day(draw.randint(youngest * 365, oldest * 365))


def _employees(calendar: Calendar) -> tuple[Table, list[int]]:
    draw = stream("employees")
    lines: list[str] = []
    reps: list[int] = []

    def hire(manager: str, title: str, department: str, salary: int) -> int:
        number = len(lines) + 1
        first, last = _name(draw)
        hired = draw.randint(40, 4_000)
        fields = (
            *(number, manager, first, last, f"{first}.{last}{number}@shop.example".lower()),
            *(_phone(draw, 415) if draw.random() < 0.9 else NULL, title, department),
            *(calendar.day(hired), _born(draw, calendar, 20 + hired // 365, 63), _national_id(draw, number)),
            f"{int(salary * draw.uniform(0.85, 1.3)) // 100 * 100}.00",
        )
        lines.append("\t".join(map(str, fields)))
        return number

    chief = hire(NULL, "Chief Executive", "Management", 190_000)
    for department, lead_title, title, size, salary in words.DEPARTMENTS:
        lead = hire(str(chief), lead_title, department, salary * 2)
        staff = [hire(str(lead), title, department, salary) for _ in range(size)]
        if department == "Sales":
            reps = staff
    columns = (
        *("id", "manager_id", "first_name", "last_name", "email", "phone", "title", "department"),
        *("hired_on", "birth_date", "national_id", "salary"),
    )
    return Table("employees", columns, lines), reps


def _customers(calendar: Calendar) -> tuple[Table, Table, list[Customer]]:
    draw = stream("customers")
    lines: list[str] = []
    addresses: list[str] = []
    known: list[Customer] = []
    homes = draw.choices(words.PLACES, [place.weight for place in words.PLACES], k=CUSTOMERS)
    tiers = draw.choices(("bronze", "silver", "gold", "platinum"), (60, 25, 11, 4), k=CUSTOMERS)
    since = sorted((draw.randint(1, CUSTOMER_DAYS) for _ in homes), reverse=True)
    for number, (home, tier, days) in enumerate(zip(homes, tiers, since, strict=True), 1):
        first, last = _name(draw)
        city = draw.choice(home.cities)
        kinds = ("home", "shipping", "billing")[: draw.choices((1, 2, 3), (70, 22, 8))[0]]
        mine = []
        for kind in kinds:
            mine.append(len(addresses) + 1)
            place = home if kind != "shipping" or draw.random() < 0.7 else draw.choice(words.PLACES)
            addresses.append(_address(draw, mine[-1], number, kind, place, city if place is home else ""))
        fields = (
            *(number, first, last, f"{first}.{last}{number}@{draw.choice(MAIL_DOMAINS)}".lower()),
            _phone(draw, home.area_code) if draw.random() < 0.88 else NULL,
            _born(draw, calendar, 18, 85) if draw.random() < 0.8 else NULL,
            _national_id(draw, number) if draw.random() < 0.15 else NULL,
            *(city, home.state, tier),
            array(draw.sample(words.CUSTOMER_TAGS, draw.choice((0, 0, 1, 2)))),
            "t" if draw.random() < 0.4 else "f",
            draw.choice((0, 0, 500, 1000, 5000)),
            calendar.moment(days * SECONDS_PER_DAY - draw.randint(0, 80_000)),
        )
        lines.append("\t".join(map(str, fields)))
        known.append(Customer(number, days, tuple(mine)))
    columns = (
        *("id", "first_name", "last_name", "email", "phone", "birth_date", "national_id", "city", "state", "tier"),
        *("tags", "marketing_opt_in", "credit_limit", "created_at"),
    )
    address_columns = ("id", "customer_id", "kind", "street", "city", "state", "postal_code")
    return Table("customers", columns, lines), Table("addresses", address_columns, addresses), known


def _address(draw: Random, number: int, customer: int, kind: str, place: words.Place, city: str) -> str:
    street = f"{draw.randint(1, 999)} {draw.choice(words.STREETS)} {draw.choice(words.STREET_KINDS)}"
    postal = f"{place.postal_prefix}{draw.randint(0, 99):02d}"
    return f"{number}\t{customer}\t{kind}\t{street}\t{city or draw.choice(place.cities)}\t{place.state}\t{postal}"


def _users(calendar: Calendar, known: list[Customer]) -> Table:
    draw = stream("users")
    owners: list[Customer | None] = [*known, *([None] * (USERS - len(known)))]
    draw.shuffle(owners)
    lines = []
    for number, customer in enumerate(owners, 1):
        if customer is not None and draw.random() < 0.12:
            customer = None  # some customers never made an account
        days = customer.days_known if customer else draw.randint(1, CUSTOMER_DAYS)
        registered = draw.randint(0, days * SECONDS_PER_DAY - 60)
        logins = draw.choice((0, 1, 3, 9, 27))
        settings = {
            "theme": draw.choice(THEMES),
            "language": draw.choice(LANGUAGES),
            "topics": draw.sample(TOPICS, draw.randint(0, 3)),
        }
        fields = (
            *(number, customer.id if customer else NULL),
            f"{draw.choice(words.STYLES)}{draw.choice(words.STREETS)}{number}".lower(),
            f"user{number}@{draw.choice(MAIL_DOMAINS)}",
            calendar.moment(registered),
            calendar.moment(draw.randint(0, registered)) if logins else NULL,
            logins,
            "f" if draw.random() < 0.07 else "t",
            json.dumps(settings),
        )
        lines.append("\t".join(map(str, fields)))
    columns = (
        *("id", "customer_id", "username", "email", "registered_at", "last_login_at", "login_count"),
        *("is_active", "settings"),
    )
    return Table("users", columns, lines)


def _notes(calendar: Calendar, known: list[Customer]) -> Table:
    draw = stream("customer_notes")
    lines = []
    for customer in known[::6]:
        confidential = draw.random() < 0.2
        note = draw.choice(words.CONFIDENTIAL_NOTES if confidential else words.NOTES)
        written = calendar.moment(draw.randint(0, customer.days_known * SECONDS_PER_DAY))
        author = draw.randint(25, 38)
        lines.append(f"{customer.id}\t{author}\t{'t' if confidential else 'f'}\t{note}\t{written}")
    return Table("customer_notes", ("customer_id", "author_id", "confidential", "note", "written_at"), lines)
