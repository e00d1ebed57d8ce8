"""Conversations that were recorded against servers on loopback: what was asked, and what the model said.

``python -m tests.support.conversations postgresql://…`` records them again, for when what is sent has changed. The URL
is of an empty database; the answers are those below, served in OpenAI's protocol.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.support.model_house import Ground, House, answers, road
from tests.support.model_server import model, proposal

from pgwarden.adapters.llm.client import PydanticModel
from pgwarden.adapters.llm.recording import RecordingModel

FOLDER = Path(__file__).parents[1] / "conversations"
CONVERSATIONS = {
    "count": ("how many customers are there?", [proposal("select count(*) from customers")]),
    "repaired": (
        "names of customers in Ohio",
        [
            "Here is the SQL: select name from clients",
            proposal("select name from clients where state = 'Ohio'"),
            proposal("select name from customers where state = 'Ohio'"),
        ],
    ),
    "asked": ("show the best ones", [proposal(None, clarification="The best what?", options=["best customers"])]),
    "hostile": ("show customer names", [proposal("delete from customers")]),
}


async def record(ground: Ground) -> None:
    """Record all of them."""
    for name, (question, texts) in CONVERSATIONS.items():
        file = FOLDER / f"{name}.jsonl"
        file.unlink(missing_ok=True)
        with model(answers(*texts)) as (_, spec):
            way = road(spec)
            way.client = RecordingModel(PydanticModel(spec), file, address="http://127.0.0.1 (a test's server)")
            await House(ground, way).ask(question)


if __name__ == "__main__":
    asyncio.run(record(Ground(sys.argv[1])))
