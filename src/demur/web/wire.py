"""OpenAI's shapes, as far as they are spoken here: what is read and what is answered.

Parameters that would change the shape of an answer and that we cannot honour may only have their
plain value; anything else is refused, not misunderstood. Hints for sampling are left unread.
"""

from __future__ import annotations

from typing import Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from demur.web.voice import Said

MAX_MESSAGES = 64
MAX_TOKENS = 1024


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


class ChatRequest(Schema):
    """What is read of a request; fields that only hint at sampling are left unread."""

    model: str
    messages: list[ChatMessage] = Field(min_length=1, max_length=MAX_MESSAGES)
    max_tokens: int | None = Field(None, ge=1, le=MAX_TOKENS)
    max_completion_tokens: int | None = Field(None, ge=1, le=MAX_TOKENS)
    temperature: float | None = Field(None, ge=0, le=2)
    seed: int | None = Field(None, ge=0, lt=2**63)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    # The only values of these that we can honour; anything else is refused, not misunderstood.
    n: Literal[1] | None = 1
    logprobs: Literal[False] | None = False
    response_format: Plain | None = None
    stop: None = None
    tools: None = None
    functions: None = None


class Detail(Schema):
    message: str
    type: str
    param: str | None
    code: str | None


class Problem(Schema):
    error: Detail


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
    """Whose words an answer is made of, and whether the community's memories spoke at all."""

    citations: list[Cited]
    traced: list[Repeated]
    shards: list[int]
    memories: bool
    language: str
    finish: str


class Spoken(Schema):
    role: Literal["assistant"]
    content: str
    refusal: None = None


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
    choices: list[Choice]
    usage: Usage
    demur: Whose


class Model(Schema):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class Models(Schema):
    object: Literal["list"]
    data: list[Model]
