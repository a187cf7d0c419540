"""OpenAI's shapes of an answer in words: what is read of a request, and what is answered.

Parameters that would change the shape of an answer and that we cannot honour may only have their
plain value; anything else is refused, not misunderstood. Hints for sampling are left unread.
"""

from __future__ import annotations

from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from demur.web.voice import Said

MAX_MESSAGES = 64
MAX_TOKENS = 1024
MAX_CHARACTERS = 16_000  # of a conversation: about 5,500 tokens of the 8,192 that the base reads

Stop = Annotated[str, Field(min_length=1, max_length=100)]
Prompt = Annotated[str, Field(min_length=1)]
Stops = Annotated[list[Stop], Field(max_length=4)]


class Part(Schema):
    model_config = ConfigDict(extra="forbid")
    type: Literal["text"]
    text: str


class ChatMessage(Schema):
    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[Part]
    name: str | None = None

    def said(self) -> Said:
        text = self.content
        if not isinstance(text, str):
            text = "\n".join(part.text for part in text)
        return ("system" if self.role == "developer" else self.role, text)


class StreamOptions(Schema):
    include_usage: bool = False


class Plain(Schema):
    type: Literal["text"]


class Asked(Schema):
    """What is read alike for a conversation and for a prompt."""

    model: str
    max_tokens: int | None = Field(None, ge=1, le=MAX_TOKENS)
    temperature: float | None = Field(None, ge=0, le=2)
    seed: int | None = Field(None, ge=0, lt=2**63)
    stop: Stop | Stops | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    # The only values of these that we can honour; anything else is refused, not misunderstood.
    n: Literal[1] | None = 1
    logit_bias: dict[str, float] | None = Field(None, max_length=0)

    def stops(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else self.stop or []


class ChatRequest(Asked):
    messages: list[ChatMessage] = Field(min_length=1, max_length=MAX_MESSAGES)
    max_completion_tokens: int | None = Field(None, ge=1, le=MAX_TOKENS)
    logprobs: Literal[False] | None = False
    response_format: Plain | None = None
    modalities: list[Literal["text"]] | None = None
    store: Literal[False] | None = False
    audio: None = None
    tools: None = None
    functions: None = None
    web_search_options: None = None


class CompletionRequest(Asked):
    """The older form. Its prompt is asked as a question is; it is not continued."""

    prompt: Prompt | Annotated[list[Prompt], Field(min_length=1, max_length=1)]
    best_of: Literal[1] | None = 1
    echo: Literal[False] | None = False
    logprobs: None = None
    suffix: None = None


UNSUPPORTED = frozenset({
    "n", "logit_bias", "logprobs", "response_format.type", "modalities.0", "store", "audio",
    "tools", "functions", "web_search_options", "best_of", "echo", "suffix", "dimensions",
    "background", "output_format", "response_format",
})  # fmt: skip
"""Fields of which a value that is not the plain one gets a sentence of its own."""


class Usage(Schema):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Cited(Schema):
    number: int
    post_id: str
    account: str
    platform: str
    url: str | None
    attribution: str | None
    lang: str
    text: str


class Repeated(Schema):
    """A run of the answer (code points, end exclusive) that stands word for word in these posts."""

    start: int
    end: int
    post_ids: list[str]


class Whose(Schema):
    """Whose words an answer is made of, and whether the community's memories spoke at all.

    declined: why the question is not answered. withheld: kinds of what was taken out.
    """

    citations: list[Cited]
    traced: list[Repeated]
    shards: list[int]
    memories: bool
    language: str
    finish: str
    declined: str | None
    withheld: list[str]


class Spoken(Schema):
    role: Literal["assistant"]
    content: str
    refusal: str | None


class Choice(Schema):
    index: int
    message: Spoken
    logprobs: None = None
    finish_reason: str


class ChatCompletion(Schema):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[Choice]
    usage: Usage
    demur: Whose


class TextChoice(Schema):
    index: int
    text: str
    logprobs: None = None
    finish_reason: str


class Completion(Schema):
    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    system_fingerprint: str
    choices: list[TextChoice]
    usage: Usage
    demur: Whose
