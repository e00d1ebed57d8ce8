"""What verified examples are worth to a model: ``python benchmarks/model_taught.py DATA`` (or ``PGWARDEN_NL_DATA``).

DATA as for ``language.py``. Half of the questions that say the same in other words are taught with their gold SQL, as
in ``language_taught.py``; their paraphrases are asked of the whole model engine, with a model on loopback that answers
with the first verified example in its prompt and knows nothing else. Prints, for what may leave (``schema``: examples
without their values; ``samples`` with ``llm_personal``: whole), how often the right example is in the prompt, and first
in it; and for whole ones the answers before and after teaching. So it measures whether pgwarden finds the right example
and shows it, not what a real model makes of it: one that reads has more to go by than the first line.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from psycopg.conninfo import make_conninfo

from language import Row, known, load  # type: ignore[import-not-found]  # its neighbour
from language_taught import AT, chosen, fate, given  # type: ignore[import-not-found]  # its neighbour
from pgwarden.adapters.embedded.server import EmbeddedServer, ServerOptions
from pgwarden.context.disclosure import Discloses, Disclosure
from pgwarden.domain.feedback import Example

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.copying_model import copied
from tests.support.model_house import Ground, House, road
from tests.support.model_server import model

DISCLOSURES = {"schema": Disclosure(), "samples, personal": Disclosure(Discloses.SAMPLES, personal=True)}


def main() -> None:
    data, score, databases = given(__doc__)
    ranks: dict[str, Counter[int]] = {name: Counter() for name in DISCLOSURES}
    fates: dict[str, Counter[str]] = {"before": Counter(), "after": Counter()}
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        with EmbeddedServer(Path(directory) / "server", options=ServerOptions(durable=False)) as server:
            for name, questions in sorted(databases.items()):
                load(server.conninfo(), f"raw_{name}", [data / "databases" / f"{name}.sql"])
                url = make_conninfo(server.conninfo(), dbname=f"raw_{name}")
                ground = Ground.of(url, *asyncio.run(known(url)))
                judge = partial(score.judge, score.Runner(server.conninfo(), "raw_", 10))
                asyncio.run(measure(ground, questions, score, judge, ranks, fates))
    for name, found in ranks.items():
        count = found.total()
        shown = count - found[-1]
        print(f"{name:18} {count} paraphrases: the right example is shown for {shown} ({shown / count:.0%}), first for"
              f" {found[0]} ({found[0] / count:.0%})")  # fmt: skip
    for when, counts in fates.items():
        answered = counts["right"] + counts["wrong"]
        precision = f"{counts['right'] / answered:.1%}" if answered else "–"
        print(f"{when:6} right {counts['right']}, wrong {counts['wrong']}, not answered {counts['not answered']},"
              f" precision {precision}")  # fmt: skip


async def measure(ground, questions, score, judge, ranks, fates) -> None:  # type: ignore[no-untyped-def]
    """Asks the paraphrases of one database, before and after the others are taught."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for question in questions:
        if question.get("answerable", True) and not question["instructions"]:
            groups[str(question["gold"])].append(question)
    taught = {str(q["id"]): q for group in groups.values() for q in chosen(group)}
    examples = tuple(
        Example(str(q["question"]), " ".join(score.variants(q["gold"])[0].split()), "team", AT) for q in taught.values()
    )
    with model(copied) as (_, spec):
        for question in (q for group in groups.values() if len(group) > 1 for q in group if str(q["id"]) not in taught):
            gold = " ".join(score.variants(question["gold"])[0].split())
            right = {e.question for e in examples if e.sql == gold}
            for name, disclosure in DISCLOSURES.items():
                house = House(ground, road(spec), examples=examples)
                house.engine.disclosure, house.engine.budget = disclosure, 8000
                ranks[name][await rank(house, str(question["question"]), examples, right)] += 1
            for when, given in (("before", ()), ("after", examples)):
                house = House(ground, road(spec), examples=given)
                house.engine.disclosure, house.engine.budget = DISCLOSURES["samples, personal"], 8000
                reading = await house.ask(str(question["question"]))
                fates[when][fate(question, reading.sql, judge)] += 1


async def rank(house: House, text: str, examples: Sequence[Example], right: set[str]) -> int:
    """At which place, from 0, a prompt shows an example with the right SQL; -1 where it shows none."""
    packed = await house.engine._packed(house.question(text), house.ground.catalog, house.ground.values)
    shown = dict(packed.parts).get("verified examples", "").splitlines()[::2]
    said = {house.engine._shown(e).question: e.question for e in examples}
    return next((place for place, line in enumerate(shown) if said.get(line) in right), -1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leaves as usual: the server is stopped
    main()
