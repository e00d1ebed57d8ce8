"""Why a reading is doubted, in words for whoever asked: each signal of the confidence has its sentence."""

from __future__ import annotations

from collections.abc import Mapping

from pgwarden.language.confidence import WEIGHTS
from pgwarden.language.coverage import Coverage

MOST = 2
"""Reasons that a question back gives."""
LEAST = 0.3
"""What a signal must take from the score to be worth a word."""

REASONS: Mapping[str, str] = {
    "unknown": "it holds words that name nothing here",
    "unknown_more": "it holds words that name nothing here",
    "bare_unknown": "without the words that name nothing here, every row would be shown",
    "named_unknown": "a name in it is not known here",
    "ungrounded": "a value in it is not among those known to be stored",
    "weak": "a word fits the name it was matched with only loosely",
    "ambiguous": "a word can mean more than one thing here",
    "unused": "a word that names something here was left out",
    "ignored": "a comparison, a negation or an “each” was left out",
    "far": "the tables it speaks of are far apart",
    "unnamed": "no table is named in it",
    "guess": "something was assumed that it does not say",
    "conditions": "it has several conditions",
    "related": "it has a condition on other rows",
    "sidestep": "it would go through a table that is not spoken of",
    "loose": "a plain number would stand beside a total of others",
    "fanned": "a join would repeat what is added up",
    "roles": "two keys lead to the same table, and it is not said which is meant",
    "instructed": "it comes with instructions",
    "sentences": "it has several sentences",
    "tables": "it needs several tables",
    "bare": "every row would be shown",
    "open": "it asks for more than rows",
    "no_limit_order": "it is not said what the first ones are ordered by",
    "lost_tables": "{tables} has no part in the answer",
    "lost_columns": "{columns} has no part in the answer",
    "lost_values": "{values} has no part in the answer",
    "lost_words": "{words} names nothing here",
    "lost_verbs": "{verbs} has no part in the answer",
    "lost_states": "nothing here tells what was {states}",
    "lost_people": "no {people} is known here",
    "lost_head": "nothing here is called {head}",
    "no_count": "“how many” was asked, and nothing is counted",
    "no_average": "an average was asked for, and there is none",
    "no_total": "a total was asked for, and there is none",
    "no_share": "a share was asked for, and there is none",
    "no_order": "the most or the least was asked for, and nothing is ordered",
    "no_date": "a stretch of time was named, and no date is tested",
    "no_number": "a number in it has no part in the answer",
    "no_bound": "“or more”, “at least” and the like have no part in the answer",
    "no_both": "“both” was said, and only one thing is tested",
    "no_amount": "“how much” was asked, and no amount is shown",
    "repeated_sums": "a join could count what is added up more than once",
    "repeated_means": "a join could weigh some rows more than others",
    "same_as": "rows compared with one another (“the same as”) are not understood",
    "contradiction": "no row can meet all of the conditions",
    "double": "the same would be shown twice",
    "trivial": "each row would be counted by itself",
    "own_count": "each row would be counted or added up by itself",
    "twice": "a condition and what is measured would be on different rows of one table",
    "row_extreme": "the largest row and the largest sum are not the same",
    "odd_count": "different amounts or dates would be counted, not rows",
    "stray": "a column of a table that is not spoken of would be shown",
    "odd_order": "the first would be picked by a column that nothing in it speaks of",
    "limited_total": "only the first of one total were asked for",
    "counted_size": "a size was asked for, and rows are counted",
    "unsummed": "it asks for each month or day, and nothing is added up",
    "other_unit": "the number is in another unit than the column",
    "unmeasured": "a measure was asked for, and no number or date is shown",
    "some_other": "a row with another value would do, even beside one that was excluded",
    "per_unit": "“per” may belong to what a column holds, and not mean one row for each",
    "drifted": "the rows shown are not those that the first word speaks of",
    "bare_qualifier": "a word that narrows what is asked for tests nothing",
    "no_never": "“never” was said, and it is not tested that there is none",
    "no_now": "“still” or “currently” was said, and no state is tested",
    "echo": "the answer would repeat what was asked with",
    "name_length": "the length of a name is not how long a thing is",
    "stray_period": "a date of rows that are not spoken of would be tested",
    "ranked_rows": "single rows would be ranked, not what they add up to",
    "denied_period": "it is not clear whether no row at all may lie in that time",
}
"""By signal: what speaks against the reading. ``{words}`` and its like are the words themselves."""


UNHELD = frozenset({"lost_head", "lost_people", "lost_states"})
"""Signals that what is asked for is not in the database, rather than read otherwise than it was meant."""


def strongest(found: Mapping[str, float]) -> tuple[str, ...]:
    """The signals that take most from the score, most first."""
    taken = {name: WEIGHTS.get(name, 0.0) * value for name, value in found.items() if name in REASONS}
    return tuple(sorted((name for name, cost in taken.items() if cost <= -LEAST), key=lambda name: taken[name]))


def reasons(found: Mapping[str, float], lost: Coverage) -> tuple[str, ...]:
    """What speaks against a reading, in words, the strongest first."""
    said = (REASONS[name].format_map(_words(lost)) for name in strongest(found))
    return tuple(dict.fromkeys(said))[:MOST]


def _words(lost: Coverage) -> dict[str, str]:
    """The lost words of each kind, quoted."""
    kinds = ("tables", "columns", "values", "words", "verbs", "states", "people", "head")
    return {kind: ", ".join(f"“{w}”" for w in dict.fromkeys(getattr(lost, kind))) for kind in kinds}
