"""Which columns hold personal or secret data, told by name, comment and sampled values; and how a value is masked.

A column is judged by the words of its name, so that ``email`` and ``contactEmail`` are sensitive and ``email_sent_at``
is not. An owner has the last word in a comment: ``pgwarden:sensitive`` or ``pgwarden:public``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from pgwarden.domain.catalog import Catalog, Column, Relation


class SensitiveKind(StrEnum):
    """What a sensitive column holds."""

    EMAIL = "email"
    PHONE = "phone"
    CARD = "payment card"
    BANK = "bank account"
    NATIONAL_ID = "national id"
    BIRTH_DATE = "birth date"
    ADDRESS = "street address"
    HEALTH = "health"
    PAY = "pay"
    BELIEF = "belief or origin"
    PASSWORD = "password"  # noqa: S105 - a kind of column, not a password
    TOKEN = "token"  # noqa: S105 - likewise
    LOCATION = "network or place"
    MARKED = "marked as sensitive"


@dataclass(frozen=True, slots=True)
class Sensitive:
    """That a column is sensitive, and why it is thought so."""

    kind: SensitiveKind
    evidence: str


NUMBER, DATE, TEXT, OTHER = "number", "date", "text", "other"
K = SensitiveKind

# kind: (types it can be stored in, phrases; each phrase is a run of words within the name)
PHRASES: dict[SensitiveKind, tuple[str, tuple[str, ...]]] = {
    K.EMAIL: ("text other", ("email", "e mail", "mail address", "emailaddress")),
    K.PHONE: ("text number other", ("phone", "telephone", "mobile", "cell", "fax", "msisdn", "phonenumber")),
    K.CARD: (
        "text number other",
        ("card number", "card no", "card num", "credit card", "debit card", "cardnumber", "creditcard", "cc number",
         "cc num", "pan", "cvv", "cvc", "cvv2", "card"),
    ),
    K.BANK: (
        "text number other",
        ("iban", "bic", "account number", "bank account", "routing number", "sort code", "accountnumber", "swift"),
    ),
    K.NATIONAL_ID: (
        "text number other",
        ("ssn", "social security", "national id", "nationalid", "national insurance", "passport", "tax id", "taxid",
         "tin", "personal id", "identity number", "identity card", "id number", "driver license", "drivers license",
         "license number", "licence number", "nino", "dni", "cpf", "nin", "aadhaar", "sin number"),
    ),
    K.BIRTH_DATE: (
        "date text number",
        ("birth", "birthday", "birthdate", "dob", "date of birth", "born", "born on", "born at"),
    ),
    K.LOCATION: (
        "text other number",
        ("ip", "ip address", "ipaddress", "mac address", "latitude", "longitude", "geolocation"),
    ),
    K.ADDRESS: (
        "text other",
        ("street", "street address", "home address", "address line", "address1", "address2", "line1", "postal address",
         "streetaddress", "address"),
    ),
    K.HEALTH: (
        "text number date other",
        ("diagnosis", "diagnoses", "medical", "medication", "prescription", "allergy", "allergies", "disability",
         "blood type", "blood group", "health", "disease", "symptom", "symptoms", "treatment notes", "insurance number",
         "pregnant", "pregnancy"),
    ),
    K.PAY: (
        "number text other",
        ("salary", "wage", "wages", "compensation", "payroll", "bonus", "income", "base pay", "net worth", "pay rate"),
    ),
    K.BELIEF: (
        "text other number",
        ("religion", "ethnicity", "ethnic origin", "race", "sexual orientation", "political", "union member"),
    ),
    K.PASSWORD: (
        "text other",
        ("password", "passwd", "pwd", "passphrase", "pin", "pin code", "password hash", "passwordhash", "salt",
         "security answer", "secret answer"),
    ),
    K.TOKEN: (
        "text other",
        ("token", "secret", "api key", "apikey", "access key", "private key", "refresh token", "auth key",
         "session key", "credential", "credentials", "client secret", "otp", "totp", "recovery code", "webhook secret"),
    ),
}  # fmt: skip

# A name that ends so speaks about the thing, and does not hold it: email_verified, card_brand, token_type.
ABOUT = frozenset({
    "type", "kind", "status", "state", "count", "verified", "confirmed", "sent", "template", "format", "provider",
    "brand", "label", "enabled", "required", "at", "by", "language", "locale", "version", "id", "ids", "valid",
    "total", "policy", "reason", "flag", "model", "network", "class", "category", "subject", "opt", "optin", "in",
    "per", "created", "updated", "expires", "expiry", "length", "strength", "bounced", "consent", "preference",
    "preferences",
})  # fmt: skip
NEVER_ABOUT = (K.HEALTH, K.BELIEF)
"""Here even the status or the type tells: health_status."""
MARKS = re.compile(r"\b(pii|gdpr|personal data|personally identif\w+|sensitive|confidential|secret|hipaa)\b", re.I)
COMMENT_PHRASES = re.compile(
    r"\b(e-?mail address|phone number|(credit |debit )?card number|social security|national id\w*|passport number|"
    r"date of birth|tax id\w*|salary|medical|diagnosis|password|api key|access token|bank account|home address)\b",
    re.I,
)
OPTED_OUT, OPTED_IN = "pgwarden:public", "pgwarden:sensitive"


def is_sensitive(relation: Relation, column: Column) -> bool:
    """Whether a column is known or suspected to hold personal or secret data."""
    return sensitivity(relation, column) is not None


def is_sensitive_in(catalog: Catalog, relation_oid: int, column: int) -> bool:
    """The same by oid and column number. What the catalog does not know counts as sensitive."""
    relation = catalog.relations.get(relation_oid)
    found = relation.column_at(column) if relation else None
    return relation is None or found is None or is_sensitive(relation, found)


def sensitivity(relation: Relation, column: Column) -> Sensitive | None:
    """What a column holds, judged by its name, type and comment. Catalogs of the server itself are not judged."""
    if relation.name.schema in ("pg_catalog", "information_schema"):
        return None
    return _judged(relation.name.name, column.name, column.type_name, column.comment or "")


@lru_cache(maxsize=50_000)
def _judged(table: str, name: str, type_name: str, comment: str) -> Sensitive | None:
    if OPTED_OUT in comment:
        return None
    if OPTED_IN in comment:
        return Sensitive(K.MARKED, f"its comment says {OPTED_IN}")
    words = name_words(name)
    stored = _storage(type_name)
    found = _by_words(words, stored) or _by_table(table, words, stored) or _by_words(_domain_words(type_name), stored)
    if found:
        return Sensitive(found, f"its name or type says {found}")
    if stored in (TEXT, NUMBER, OTHER) and (said := MARKS.search(comment) or COMMENT_PHRASES.search(comment)):
        return Sensitive(K.MARKED, f"its comment says “{said[0]}”")
    return None


def name_words(name: str) -> tuple[str, ...]:
    """``contactEmail2`` → (contact, email): the words of a name in lower case, digits at their ends dropped."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return tuple(word for part in re.split(r"[^0-9A-Za-z\u00c0-\uffff]+", spaced) if (word := part.lower()))


def _by_words(words: tuple[str, ...], stored: str) -> SensitiveKind | None:
    if not words:
        return None
    bare = tuple(word.rstrip("0123456789") or word for word in words)
    for kind, (types, phrases) in PHRASES.items():
        if stored in types.split() and any(_says(form, phrase, kind) for form in (words, bare) for phrase in phrases):
            return kind
    return None


def _says(words: tuple[str, ...], phrase: str, kind: SensitiveKind) -> bool:
    """Whether the name holds the phrase, and is not about the thing only."""
    wanted = tuple(phrase.split())
    starts = [s for s in range(len(words) - len(wanted) + 1) if words[s : s + len(wanted)] == wanted]
    at_end = bool(starts) and starts[-1] + len(wanted) == len(words)
    about = words[-1] in ABOUT and (kind not in NEVER_ABOUT or words[-1] in ("id", "ids", "at", "by", "count"))
    return bool(starts) and (at_end or not about)


def _by_table(table: str, words: tuple[str, ...], stored: str) -> SensitiveKind | None:
    """``cards.number``, ``salaries.amount``: the table says what its plainest column holds."""
    if words not in (("number",), ("amount",), ("value",)):
        return None
    singular = tuple(word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")
                     for word in name_words(table))  # fmt: skip
    return _by_words(singular, stored)


def _domain_words(type_name: str) -> tuple[str, ...]:
    """A domain's own name is a hint; PostgreSQL's own types are not."""
    return name_words(type_name.rpartition(".")[2]) if "." in type_name else ()


def _storage(type_name: str) -> str:
    base = type_name.partition("(")[0].removesuffix("[]")
    if base in ("boolean", "interval", "uuid", "oid"):
        return base
    if base in ("smallint", "integer", "bigint", "numeric", "real", "double precision", "money"):
        return NUMBER
    if base.startswith(("timestamp", "date", "time")):
        return DATE
    return TEXT if base.startswith(("text", "character", "citext", '"char"', "name")) else OTHER


EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
PHONE = re.compile(r"(?:\+|00)\d[\d ()./-]{7,18}\d|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}")
DIGITS = re.compile(r"[\d -]{13,23}")
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
SSN = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
HASH = re.compile(r"\$(2[aby]|argon2\w*|5|6|y|scrypt)\$.+|SCRAM-SHA-256\$.+|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}")
KEY = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*|(sk|pk|rk)_(live|test)_\w{10,}|gh[pousr]_\w{20,}|xox[abp]-[\w-]{10,}")
IP = re.compile(r"(\d{1,3}\.){3}\d{1,3}(/\d{1,2})?|([0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(/\d{1,3})?", re.I)
NINO = re.compile(r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]")
"""The number of the British national insurance."""
DNI = re.compile(r"(?P<digits>\d{8})-?(?P<letter>[TRWAGMYFPDXBNJZSQVHLCKE])")
"""The number of the Spanish identity card, whose letter is a check."""
CPF = re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}")
"""The Brazilian taxpayer number as it is written."""
FISCAL = re.compile(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]")
"""The Italian tax code."""
DIAGNOSIS = re.compile(r"[A-TV-Z]\d[0-9AB]\.[0-9A-Z]{1,4}")
"""A code of the International Classification of Diseases, below its three characters."""
ILLNESS = re.compile(
    r"\b(diabetes|hypertension|asthma|cancer|carcinoma|leukemia|hepatitis|depression|schizophrenia|epilepsy|hiv|"
    r"tuberculosis|pneumonia|arthritis|dementia|alzheimer\w*|migraine|anemia|pregnan\w+|chemotherapy|dialysis)\b",
    re.I,
)
MONEY = r"(?:[$€£¥]|USD|EUR|GBP|CHF)"
WAGE = re.compile(
    rf"{MONEY}? ?\d[\d,.' ]*k? ?{MONEY}? ?(?:/|per|a|p\.) ?(?:year|yr|annum|a\.?|month|mo|hour|hr|h)", re.I
)
"""An amount of money by the year, month or hour."""
WITHIN = re.compile(rf"[\w.+-]+@[\w-]+\.\w{{2,}}|\b{SSN.pattern}\b|{KEY.pattern}")
"""Personal data inside a longer text, or a row kept as JSON."""
ENOUGH = 0.6
"""Share of the values that must look like it."""


def kind_of_values(values: Iterable[str | None]) -> SensitiveKind | None:
    """What sampled values of one column look like; None when most look like nothing in particular."""
    texts = [value.strip() for value in values if value and value.strip()][:500]
    if not texts:
        return None
    tallies: dict[SensitiveKind, int] = {}
    plain = 0
    for text in texts:
        kind = kind_of_value(text)
        if kind:
            tallies[kind] = tallies.get(kind, 0) + 1
            continue
        plain += 1
        if len(texts) - plain < ENOUGH * len(texts):
            return None  # whatever the others are
    best = max(tallies, key=lambda kind: tallies[kind], default=None)
    return best if best and tallies[best] >= ENOUGH * len(texts) else None


def kind_of_value(text: str) -> SensitiveKind | None:
    """What one value looks like, by its form alone."""
    forms = ((EMAIL, K.EMAIL), (SSN, K.NATIONAL_ID), (KEY, K.TOKEN), (HASH, K.PASSWORD), (IP, K.LOCATION))
    for form, kind in forms:
        if form.fullmatch(text):
            return kind
    if DIGITS.fullmatch(text) and is_card_number(text):
        return K.CARD
    if IBAN.fullmatch(text.replace(" ", "")) and is_iban(text):
        return K.BANK
    if PHONE.fullmatch(text):
        return K.PHONE
    if NINO.fullmatch(text) or FISCAL.fullmatch(text) or is_dni(text) or is_cpf(text):
        return K.NATIONAL_ID
    if DIAGNOSIS.fullmatch(text) or ILLNESS.search(text):
        return K.HEALTH
    if WAGE.fullmatch(text):
        return K.PAY
    return K.MARKED if WITHIN.search(text) else None


def is_card_number(text: str) -> bool:
    """Whether the digits have a payment card's length and first digit, and pass the Luhn check."""
    digits = [int(character) for character in text if character.isdigit()]
    if not 13 <= len(digits) <= 19 or digits[0] not in (2, 3, 4, 5, 6) or len(set(digits)) == 1:
        return False
    doubled = [d * 2 - 9 * (d > 4) if place % 2 else d for place, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether an account number passes the IBAN check (ISO 7064, modulo 97)."""
    bare = text.replace(" ", "")
    moved = bare[4:] + bare[:4]
    return moved.isalnum() and int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def is_dni(text: str) -> bool:
    """Whether the letter of a Spanish identity card fits its number."""
    found = DNI.fullmatch(text)
    return found is not None and "TRWAGMYFPDXBNJZSQVHLCKE"[int(found["digits"]) % 23] == found["letter"]


def is_cpf(text: str) -> bool:
    """Whether the two check digits of a Brazilian taxpayer number fit."""
    if not CPF.fullmatch(text):
        return False
    digits = [int(character) for character in text if character.isdigit()]
    checks = [sum(d * w for d, w in zip(digits, range(n + 1, 1, -1), strict=False)) * 10 % 11 % 10 for n in (9, 10)]
    return checks == digits[9:] and len(set(digits)) > 1


HIDDEN = "•••"


def mask(value: object, kind: SensitiveKind | None = None) -> object:
    """The shape of a value without the value: ``a•••@•••.com``, ``•••• •••• •••• ••42``. None stays None."""
    if value is None:
        return None
    text = str(value)
    if kind in (K.PASSWORD, K.TOKEN, K.PAY, K.HEALTH, K.BELIEF, K.MARKED) or not text:
        return HIDDEN
    if "@" in text and EMAIL.fullmatch(text):
        return f"{text[0]}{HIDDEN}@{HIDDEN}.{text.rpartition('.')[2]}"
    digits = sum(character.isdigit() for character in text)
    if kind is K.BIRTH_DATE or digits * 2 < len(text):
        return HIDDEN if kind is K.BIRTH_DATE or len(text) < 4 else f"{text[0]}{HIDDEN}"
    kept = 2 if digits >= 8 else 0
    return _without_digits(text, digits - kept)


def _without_digits(text: str, count: int) -> str:
    """The first ``count`` digits and all letters hidden; separators and the last digits stay."""
    seen, shown = 0, []
    for character in text:
        seen += character.isdigit()
        hide = character.isalpha() or (character.isdigit() and seen <= count)
        shown.append("•" if hide else character)
    return "".join(shown)
