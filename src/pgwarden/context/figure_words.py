"""The words in which questions bound a number, measure time, and mean numbers without saying them. Data alone."""

from __future__ import annotations

from collections.abc import Mapping

BEFORE_NUMBER: Mapping[str, str] = {
    **dict.fromkeys(("more than", "greater than"), ">"),
    **dict.fromkeys(("less than", "fewer than"), "<"),
    **dict.fromkeys(
        ("at least", "no less than", "not less than", "no fewer than", "not fewer than", "minimum of", "minimum",
         "greater than or equal to", "more than or equal to"), ">=",
    ),
    **dict.fromkeys(
        ("at most", "no more than", "not more than", "no greater than", "not greater than", "maximum of", "maximum",
         "less than or equal to", "fewer than or equal to"), "<=",
    ),
}  # fmt: skip
"""A phrase, right before the number, and how what is asked for compares with it; these say whether it may be equal."""
LOOSELY: Mapping[str, str] = {
    **dict.fromkeys(
        ("over", "above", "exceeding", "exceed", "exceeds", "exceeded", "beyond", "after", "higher than", "larger than",
         "bigger than", "longer than", "older than", "later than", "heavier than", "taller than"), ">",
    ),
    **dict.fromkeys(
        ("since", "no earlier than", "not earlier than", "not before", "not below", "not under", "not lower than",
         "no lower than", "not younger than", "no younger than", "starting in", "starting from"), ">=",
    ),
    **dict.fromkeys(
        ("under", "below", "beneath", "before", "lower than", "smaller than", "shorter than", "younger than",
         "earlier than", "cheaper than", "lighter than", "newer than"), "<",
    ),
    **dict.fromkeys(
        ("until", "up to", "within", "no later than", "not later than", "not after", "not over", "not above",
         "not exceeding", "not higher than", "no higher than", "not older than", "no older than"), "<=",
    ),
}  # fmt: skip
"""The same, of those that people do not mean to the very number ("over 18")."""
AFTER_NUMBER: Mapping[str, str] = {
    **dict.fromkeys(("or more", "or above", "or higher", "or greater", "or over", "or later", "and above", "+"), ">="),
    **dict.fromkeys(("or less", "or fewer", "or below", "or lower", "or under", "or earlier"), "<="),
}
"""Phrases right after the number."""
LATELY = frozenset({"last", "past", "previous"})
"""Before a period: at most so long ago."""
FILLERS = frozenset({"the", "a", "an", "of", "year", "age", "date", "about", "around", "approximately", "$"})
"""Words that may stand between a phrase and its number."""
AVERAGE = frozenset({"average", "mean", "avg"})
OF_MOMENTS = frozenset({"since", "after", "before", "until", "not before", "not after"})
"""Phrases that bound a moment, and say nothing of how long a period is."""
DENYING = frozenset({"not", "no", "never", "without", "nobody", "none", "neither", "except", "excluding", "n't"})
"""After one of these the opposite comparison may be the right one."""
RANKED = frozenset({"rank", "ranks", "ranked", "ranking", "position", "positions", "place", "placed", "priority"})
"""Where these are spoken of, a higher one may be the smaller number."""

SECONDS: Mapping[str, float] = {
    "second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000, "quarter": 7_776_000,
    "year": 31_104_000,
}  # fmt: skip
"""Periods; a month has thirty days, as PostgreSQL reckons when it must, and a year twelve of them."""
DAYS_OF_YEAR = 365
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
BEFORE_MONTH = frozenset(
    {"in", "of", "since", "before", "after", "during", "until", "from", "to", "through", "by", "and"}
)
"""What stands before a month's name that is also another word ("may", "march")."""
SCALES: Mapping[str, float] = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "millions": 1e6, "bn": 1e9, "billion": 1e9,
    "billions": 1e9, "hundred": 100.0, "dozen": 12.0,
}  # fmt: skip
_UNDER_TWENTY = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
NUMBERS: Mapping[str, float] = {
    **{word: float(number) for number, word in enumerate(_UNDER_TWENTY)},
    **{word: float(tens * 10) for tens, word in enumerate(_TENS, 2)},
}

IMPLIED: Mapping[str, tuple[float, ...]] = {
    **dict.fromkeys(("both", "couple", "pair", "pairs", "twice", "double", "second", "two"), (2, 0.5)),
    **dict.fromkeys(("third", "triple", "thrice"), (2, 3)),
    **dict.fromkeys(("several", "multiple", "duplicate", "duplicates", "shared", "different"), (2,)),
    **dict.fromkeys(("half", "halves"), (0.5, 2, 6, 50)),
    **dict.fromkeys(("quarter", "quarters", "quarterly"), (2, 3, 4, 0.25, 25)),
    **dict.fromkeys(("dozen", "annual", "annually", "yearly", "year", "years"), (12,)),
    **dict.fromkeys(("hundred", "century", "percent", "percentage", "%", "share", "proportion", "rate"), (100,)),
    **dict.fromkeys(("decade", "decades", "ten"), (10,)),
    **dict.fromkeys(("weekend", "weekends", "weekday", "weekdays"), (0, 1, 5, 6, 7)),
    **dict.fromkeys(("week", "weeks", "weekly"), (7,)),
    **dict.fromkeys(("fortnight", "fortnightly"), (14, 2)),
    **dict.fromkeys(("day", "days", "daily"), (24,)),
    **dict.fromkeys(("noon", "midday", "afternoon", "morning"), (12, 18)),
    **dict.fromkeys(("evening", "night"), (18, 22, 24, 5, 6)),
    **dict.fromkeys(("median", "middle"), (0.5, 2)),
    **dict.fromkeys(("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"), (2, 3, 4, 5, 6, 7)),
}
"""Numbers that a word means without saying them."""
