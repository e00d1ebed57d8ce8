"""``ports.ModelClient`` with pydantic-ai, which is imported when the first call goes out."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from pgwarden.adapters.llm.spec import key_of
from pgwarden.domain.errors import ModelFailed, SettingsError
from pgwarden.domain.model_call import Completion, Prompt
from pgwarden.domain.model_spec import ModelSpec
from pgwarden.ports import Heard

if TYPE_CHECKING:
    from pydantic_ai.models import Model

TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})

TALKATIVE = ("anthropic", "groq", "mistralai", "openai", "httpx", "httpx2", "httpcore", "httpcore2")
"""Libraries that write whole prompts into the log when everything is logged: what was asked is nobody else's."""


class PydanticModel:
    """One model. The SDKs' own retries are off: the road decides, and pays for every attempt."""

    def __init__(self, spec: ModelSpec, *, seconds: float = 30.0) -> None:
        self.spec, self.name, self._seconds = spec, spec.name, seconds
        self._model: Model[Any] | None = None
        self._closing: Any = None

    async def complete(self, prompt: Prompt, heard: Heard = lambda _text: None) -> Completion:
        """One request, answered as a stream; ``heard`` gets each piece of text as it comes. Raises ModelFailed."""
        try:
            model = self._opened()
        except ImportError:
            raise _lasting(
                "The parts for language models are not installed.", next_step="pip install 'pgwarden[models]'"
            ) from None
        except SettingsError as error:
            raise _lasting(error.what, why=error.why, next_step=error.next_step) from None
        from pydantic_ai import exceptions

        try:
            async with asyncio.timeout(self._seconds):
                return await self._streamed(model, prompt, heard)
        except exceptions.ContentFilterError:
            return Completion("", 0, 0, refused=True)
        except exceptions.ModelHTTPError as error:
            raise _http(self.name, error.status_code, error.retry_after) from None
        except (exceptions.AgentRunError, TimeoutError) as error:
            why = "It took too long." if isinstance(error, TimeoutError) or "time" in str(error).lower() else ""
            raise _silent(
                self.name,
                why or f"The connection failed, or the answer is not of its protocol ({type(error).__name__}).",
            ) from None

    async def _streamed(self, model: Model[Any], prompt: Prompt, heard: Heard) -> Completion:
        """The whole answer; one that ends without its end mark was cut off on the way. Leaving ends the request."""
        from pydantic_ai.direct import model_request_stream
        from pydantic_ai.messages import ModelRequest, PartDeltaEvent, PartStartEvent, TextPartDelta, UserPromptPart
        from pydantic_ai.messages import TextPart as Text

        request = ModelRequest(parts=[UserPromptPart(prompt.material)], instructions=prompt.instructions)
        settings: Any = {"max_tokens": prompt.most_output, "temperature": 0.0, "timeout": self._seconds}
        async with model_request_stream(model, [request], model_settings=settings) as stream:
            async for event in stream:
                if isinstance(event, PartStartEvent) and isinstance(event.part, Text):
                    heard(event.part.content)
                elif isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
                    heard(event.delta.content_delta)
            found = stream.get()
        end = (found.provider_details or {}).get("finish_reason")  # what it said; some clients assume one
        refused = found.finish_reason == "content_filter" or end == "content_filter"
        if end is None and not refused:
            raise _silent(self.name, "Its answer was cut off on the way.")
        text = "".join(part.content for part in found.parts if isinstance(part, Text))
        return Completion(
            text, found.usage.input_tokens, found.usage.output_tokens,
            cut=found.finish_reason == "length", refused=refused,
        )  # fmt: skip

    async def close(self) -> None:
        """Let the connections go."""
        if self._closing is not None:
            await self._closing()

    def _opened(self) -> Model[Any]:
        if self._model is None:
            for library in TALKATIVE:
                logging.getLogger(library).setLevel(logging.WARNING)
            self._model = self._made(key_of(self.spec))
        return self._model

    def _made(self, key: str) -> Model[Any]:
        url, name = self.spec.url or None, self.spec.model
        options: dict[str, Any] = {"api_key": key, "base_url": url, "max_retries": 0, "timeout": self._seconds}
        match self.spec.provider:
            case "groq":
                from groq import AsyncGroq
                from pydantic_ai.models.groq import GroqModel
                from pydantic_ai.providers.groq import GroqProvider

                groq = AsyncGroq(**options)
                self._closing = groq.close
                return GroqModel(name, provider=GroqProvider(groq_client=groq))
            case "mistral":
                from pydantic_ai.models.mistral import MistralModel
                from pydantic_ai.providers.mistral import MistralProvider

                return MistralModel(name, provider=MistralProvider(api_key=key, base_url=url))
            case "anthropic":
                from anthropic import AsyncAnthropic
                from pydantic_ai.models.anthropic import AnthropicModel
                from pydantic_ai.providers.anthropic import AnthropicProvider

                anthropic = AsyncAnthropic(**options)
                self._closing = anthropic.close
                return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=anthropic))
            case _:
                from openai import AsyncOpenAI
                from pydantic_ai.models.openai import OpenAIChatModel
                from pydantic_ai.providers.openai import OpenAIProvider

                client = AsyncOpenAI(**options)
                self._closing = client.close
                return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client))


def _http(name: str, status: int, retry_after: float | None) -> ModelFailed:
    what = {401: "did not accept the key", 403: "did not accept the key", 429: "asks for fewer calls"}
    error = ModelFailed(
        f"The model {name} {what.get(status, 'failed')} (HTTP {status}).",
        not_done="It gave no answer.",
        next_step="pgwarden models test",
    )
    error.transient = status in TRANSIENT
    error.retry_after = retry_after
    return error


def _silent(name: str, why: str) -> ModelFailed:
    return ModelFailed(
        f"The model {name} gave no answer.", why=why, not_done="It was not asked further.",
        next_step="pgwarden models test",
    )  # fmt: skip


def _lasting(what: str, *, why: str = "", next_step: str) -> ModelFailed:
    error = ModelFailed(what, why=why, not_done="No model was called.", next_step=next_step)
    error.transient = error.called = False
    return error
