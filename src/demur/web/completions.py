"""Answers in words for programs: chat completions, and the older completions beside them.

What OpenAI's format has no place for (citations, the posts an answer repeats, which shards spoke)
stands under a `demur` key. Both walk the assistant's one road: a prompt is asked, not continued.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router

from demur.errors import Refusal, StandingUnreadable
from demur.rights import answers
from demur.web import voice
from demur.web.bearer import Bearer
from demur.web.limits import Caller
from demur.web.problems import PROBLEMS, detail, no_such_model, problem, too_long
from demur.web.wire import (
    MAX_CHARACTERS,
    Asked,
    ChatCompletion,
    ChatRequest,
    Cited,
    Completion,
    CompletionRequest,
)

if TYPE_CHECKING:
    from demur.assistant.said import Answer

MODEL = "demur"
FINISH = {"stop": "stop", "length": "length", "standing-changed": "content_filter"}
LETTERS = 3  # characters of a token, at least: what a question is expected to cost beforehand

router = Router(tags=["answers"], auth=Bearer("chat"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one of the two formats writes an answer."""

    mark: str
    whole: str
    chunk: str
    chat: bool

    def said(self, text: str) -> dict[str, Any]:
        if not self.chat:
            return {"text": text}
        return {"message": {"role": "assistant", "content": text, "refusal": None}}

    def piece(self, text: str | None) -> dict[str, Any]:
        if not self.chat:
            return {"text": text or ""}
        return {"delta": {} if text is None else {"content": text}}


CHAT = Shape(mark="chatcmpl", whole="chat.completion", chunk="chat.completion.chunk", chat=True)
TEXT = Shape(mark="cmpl", whole="text_completion", chunk="text_completion", chat=False)


@router.post("/chat/completions", response={200: ChatCompletion, **PROBLEMS})
def chat_completions(request: HttpRequest, asked: ChatRequest) -> Any:
    """An answer, whole or (with `stream`) as server-sent events that end in `[DONE]`."""
    if asked.model == MODEL and asked.messages[-1].role != "user":
        return problem(400, "The last message must be the user's.", param="messages")
    said = [message.said() for message in asked.messages]
    most = asked.max_completion_tokens or asked.max_tokens
    return _answer(request, asked, said, most, CHAT, param="messages")


@router.post("/completions", response={200: Completion, **PROBLEMS})
def completions(request: HttpRequest, asked: CompletionRequest) -> Any:
    """The older form: the prompt is asked as a question is. One prompt at a time."""
    prompt = asked.prompt if isinstance(asked.prompt, str) else asked.prompt[0]
    return _answer(request, asked, [("user", prompt)], asked.max_tokens, TEXT, param="prompt")


def whose(answer: Answer) -> dict[str, Any]:
    """Whose words an answer is made of, as plain values."""
    return {
        "citations": [
            {name: getattr(citation, name) for name in Cited.model_fields}
            for citation in answer.citations
        ],
        "traced": [
            {"start": run.start, "end": run.end, "post_ids": list(run.post_ids)}
            for run in answer.traced
        ],
        "shards": list(answer.shards),
        "memories": answer.memories,
        "language": answer.language,
        "finish": answer.finish,
        "declined": answer.declined,
        "withheld": list(answer.withheld),
    }


def _answer(
    request: HttpRequest,
    asked: Asked,
    said: Sequence[voice.Said],
    most: int | None,
    shape: Shape,
    *,
    param: str,
) -> Any:
    if asked.model != MODEL:
        return no_such_model(asked.model, [MODEL])
    characters = sum(len(text) for _, text in said)
    if characters > MAX_CHARACTERS:
        what = f"{characters:,} characters"
        return too_long(what, f"{MAX_CHARACTERS:,} (about 5,500 tokens)", param=param)
    caller: Caller = request.auth  # type: ignore[attr-defined]
    most = most or voice.TOKENS
    caller.reserve(characters // LETTERS + most)
    try:
        turn = voice.chat(
            said,
            max_tokens=most,
            temperature=voice.TEMPERATURE if asked.temperature is None else asked.temperature,
            seed=asked.seed,
            stop=asked.stops(),
        )
    except BaseException:
        caller.settle(0)
        raise
    head = {"id": f"{shape.mark}-{secrets.token_hex(12)}", "created": _now(), "model": MODEL}
    if asked.stream:
        usage = bool(asked.stream_options and asked.stream_options.include_usage)
        return _stream(Events(turn, head, shape, caller, usage=usage))
    answer = _whole(turn, caller)
    answers.log(answer.text, surface="api", model=answer.model or "", now=datetime.now(UTC))
    choice = {
        "index": 0,
        **shape.said(answer.text),
        "logprobs": None,
        "finish_reason": _finish(answer),
    }
    return {
        **head,
        "object": shape.whole,
        "system_fingerprint": _fingerprint(answer),
        "choices": [choice],
        "usage": _usage(answer),
        "demur": whose(answer),
    }


def _whole(turn: voice.Turn, caller: Caller) -> Answer:
    """The answer once it has been said; it carries its own text."""
    try:
        for _piece in turn:
            pass
        return _answer_of(turn)
    finally:
        caller.settle(_spent(turn, 0))


def _stream(events: Events) -> StreamingHttpResponse:
    response = StreamingHttpResponse(events, content_type="text/event-stream; charset=utf-8")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # nginx: pass each event on as it comes
    return response


class Events:
    """The chunks of a streamed answer. Django closes it when a client leaves, freeing the turn."""

    def __init__(
        self, turn: voice.Turn, head: dict[str, Any], shape: Shape, caller: Caller, *, usage: bool
    ) -> None:
        self._turn, self._shape, self._caller = turn, shape, caller
        self._head = {**head, "object": shape.chunk} | ({"usage": None} if usage else {})
        self._usage = usage
        self._said: list[str] = []
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        if self._shape.chat:
            yield self._choice({"delta": {"role": "assistant", "content": ""}})
        try:
            for piece in self._turn:
                self._said.append(piece)
                yield self._choice(self._shape.piece(piece))
            answer = _answer_of(self._turn)
        except (Refusal, DatabaseError):
            # The status is sent already: OpenAI's clients raise on an error event.
            yield _event(detail(503, "The answer stopped; ask again.", code="interrupted"))
            return
        more = {"system_fingerprint": _fingerprint(answer), "demur": whose(answer)}
        yield self._choice(self._shape.piece(None), _finish(answer), more)
        if self._usage:
            yield _event({**self._head, "choices": [], "usage": _usage(answer)})
        yield b"data: [DONE]\n\n"

    def close(self) -> None:
        """Whatever was said by now was read: it is logged, also when the answer broke off."""
        if self._closed:
            return
        self._closed = True
        self._turn.close()
        said, answer = "".join(self._said), self._turn.answer
        self._caller.settle(_spent(self._turn, len(said) // LETTERS))
        model = None if answer is None else answer.model or ""
        answers.log(said, surface="api", model=model, now=datetime.now(UTC))

    def _choice(
        self, said: dict[str, Any], finish: str | None = None, more: dict[str, Any] | None = None
    ) -> bytes:
        choice = {"index": 0, **said, "logprobs": None, "finish_reason": finish}
        return _event({**self._head, "choices": [choice], **(more or {})})


def _event(value: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def _answer_of(turn: voice.Turn) -> Answer:
    if turn.answer is None:
        raise StandingUnreadable("The answer broke off before its end; ask again.")
    return turn.answer


def _finish(answer: Answer) -> str:
    return "content_filter" if answer.declined else FINISH[answer.finish]


def _fingerprint(answer: Answer) -> str:
    """Which model spoke, as OpenAI's format names it: with a seed, the same one says the same."""
    return f"fp_{answer.model[:16]}" if answer.model else "fp_base"


def _usage(answer: Answer) -> dict[str, int]:
    asked, said = answer.tokens_in, answer.tokens_out
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _spent(turn: voice.Turn, otherwise: int) -> int:
    """What an answer cost; where it broke off, what it had said."""
    answer = turn.answer
    return answer.tokens_in + answer.tokens_out if answer else otherwise


def _now() -> int:
    return int(datetime.now(UTC).timestamp())
