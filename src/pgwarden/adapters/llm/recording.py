"""Conversations with models written down, and played back where no model is reached: tests, and CI without a key."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections import defaultdict, deque
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pgwarden.domain.errors import ModelFailed
from pgwarden.domain.model_call import Completion, Prompt
from pgwarden.ports import Heard, ModelClient

_MARK = re.compile(r"<<([0-9a-f]+) ")
"""The random word around data; it is another one in each call."""


class RecordingModel:
    """``ports.ModelClient`` that appends each answered call of another one to a file, one JSON object a line.

    The file holds what was sent and what came back, as the setting ``llm_discloses`` let it; keys are in neither.
    """

    def __init__(self, client: ModelClient, file: Path, *, address: str = "") -> None:
        self.name, self._client, self._file = client.name, client, file
        self._address = address or "the provider's own"

    async def complete(self, prompt: Prompt, heard: Heard = lambda _text: None) -> Completion:
        found = await self._client.complete(prompt, heard)
        line = {"model": self.name, "address": self._address, "prompt": asdict(_unmarked(prompt)),
                "completion": asdict(found)}  # fmt: skip
        await asyncio.to_thread(self._append, json.dumps(line, ensure_ascii=False) + "\n")
        return found

    async def close(self) -> None:
        await self._client.close()

    def _append(self, line: str) -> None:
        try:
            handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise _unusable(self.name, self._file, error.strerror or str(error)) from None


class ReplayedModel:
    """``ports.ModelClient`` that gives the recorded answers to recorded prompts; to any other prompt it gives none.

    A prompt is known again by its material, so that another wording of the instructions needs no new recording. One
    that was recorded several times is answered in that order, from then on as the last time.
    """

    def __init__(self, file: Path) -> None:
        self.name, self._file = f"replay:{file}", file
        self._known: dict[str, deque[Completion]] | None = None

    async def complete(self, prompt: Prompt, heard: Heard = lambda _text: None) -> Completion:
        if self._known is None:
            self._known = await asyncio.to_thread(self._read)
        found = self._known.get(_unmarked(prompt).material)
        if not found:
            raise _unusable(self.name, self._file, "It holds no answer to this prompt.")
        completion = found.popleft() if len(found) > 1 else found[0]
        heard(completion.text)
        return completion

    async def close(self) -> None:
        """Nothing is open."""

    def _read(self) -> dict[str, deque[Completion]]:
        known: dict[str, deque[Completion]] = defaultdict(deque)
        try:
            for line in self._file.read_text(encoding="utf-8").splitlines():
                given: dict[str, Any] = json.loads(line)
                known[given["prompt"]["material"]].append(Completion(**given["completion"]))
        except OSError as error:
            raise _unusable(self.name, self._file, error.strerror or str(error)) from None
        except (ValueError, KeyError, TypeError):
            raise _unusable(self.name, self._file, "It is no recording.") from None
        return known


def _unmarked(prompt: Prompt) -> Prompt:
    marks = set(_MARK.findall(prompt.material))
    instructions, material = prompt.instructions, prompt.material
    for mark in marks:
        instructions, material = instructions.replace(mark, "MARK"), material.replace(mark, "MARK")
    return Prompt(instructions, material, prompt.most_output)


def _unusable(name: str, file: Path, why: str) -> ModelFailed:
    error = ModelFailed(
        f"The recording {file.name} cannot be used.", why=why, not_done=f"{name} gave no answer.",
        next_step="Record it again: docs/models.md",
    )  # fmt: skip
    error.transient = error.called = False
    return error
