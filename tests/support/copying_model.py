"""A model on loopback that can do nothing but what its prompt shows it: it gives the first verified example in it word
for word, and counts the rows of the first table where there is none. It understands no question."""

from __future__ import annotations

import json
import re

from tests.support.http_server import Answer, Got
from tests.support.model_server import proposal, said

_PART = r"<<\w+ {}\n(.*?)\n\w+>>"


def copied(got: Got) -> Answer:
    """Its answer to a prompt, in OpenAI's protocol."""
    return said(proposal(example_in(got) or naive(got)), got)


def material(got: Got) -> str:
    """What a prompt is about."""
    content: str = json.loads(got.body)["messages"][-1]["content"]
    return content


def example_in(got: Got) -> str | None:
    """The SQL of the first verified example."""
    shown = re.search(_PART.format("verified examples"), material(got), re.DOTALL)
    return shown[1].splitlines()[1].strip() if shown else None


def naive(got: Got) -> str:
    """What it says when it was shown nothing."""
    shown = re.search(_PART.format("schema"), material(got), re.DOTALL)
    assert shown is not None, "a prompt shows the tables"
    return f"SELECT count(*) FROM {shown[1].partition('(')[0]}"
