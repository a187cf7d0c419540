"""The assistant for programs: OpenAI's chat completions, spoken exactly, with whose words they are.

Any OpenAI client works unchanged. What OpenAI's format has no place for (citations, the posts an
answer repeats, which shards spoke) stands under a `demur` key. Parameters that would change the
shape of the answer and are not supported are refused; mere hints for sampling are ignored.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer

from demur.errors import Refusal, SiteUnusable, StandingUnreadable
from demur.rights import answers
from demur.web import drp, keys, voice
from demur.web.wire import ChatCompletion, ChatRequest, Cited, Model, Models, Problem

if TYPE_CHECKING:
    from demur.assistant.answer import Answer

MODEL = "demur"
MAX_BODY = 256 * 1024  # bytes: about 60 pages of questions
TOO_BIG = f"A request holds at most {MAX_BODY:,} bytes; send a shorter conversation."
UNSUPPORTED = frozenset({"n", "logprobs", "response_format.type", "stop", "tools", "functions"})
FINISH = {"stop": "stop", "length": "length", "standing-changed": "content_filter"}


class Key(HttpBearer):
    """`Authorization: Bearer demur-…`; the size is looked at before anything is read."""

    def authenticate(self, request: HttpRequest, token: str) -> str | None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > MAX_BODY:
            raise RequestDataTooBig(TOO_BIG)
        key = keys.recognise(token, datetime.now(UTC))
        return key.label if key else None


PROBLEMS = dict.fromkeys((400, 401, 404, 413, 503), Problem)

api = NinjaAPI(title="Demur", version="1", auth=Key(), docs_url=None, urls_namespace="v1")
api.add_router("", drp.router)


@api.get("/models", response={200: Models, **PROBLEMS})
def models(request: HttpRequest) -> dict[str, Any]:
    """The one model there is: the assistant, behind its gate."""
    return {"object": "list", "data": [_model()]}


@api.get("/models/{name}", response={200: Model, **PROBLEMS})
def model(request: HttpRequest, name: str) -> Any:
    return _model() if name == MODEL else _no_such_model(name)


@api.post("/chat/completions", response={200: ChatCompletion, **PROBLEMS})
def chat_completions(request: HttpRequest, asked: ChatRequest) -> Any:
    """An answer, whole or (with `stream`) as server-sent events that end in `[DONE]`."""
    if asked.model != MODEL:
        return _no_such_model(asked.model)
    if asked.messages[-1].role != "user":
        return _problem(400, "The last message must be the user's.", param="messages")
    turn = voice.chat(
        [message.said() for message in asked.messages],
        max_tokens=asked.max_completion_tokens or asked.max_tokens or voice.TOKENS,
        temperature=voice.TEMPERATURE if asked.temperature is None else asked.temperature,
        seed=asked.seed,
    )
    head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": _now(), "model": MODEL}
    if asked.stream:
        usage = bool(asked.stream_options and asked.stream_options.include_usage)
        return _stream(turn, head, usage)
    for _piece in turn:
        pass  # the whole answer carries its own text
    answer = _answer_of(turn)
    answers.log(answer.text, surface="api", model=answer.model or "", now=datetime.now(UTC))
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": FINISH[answer.finish],
    }
    return {
        **head,
        "object": "chat.completion",
        "choices": [choice],
        "usage": _usage(answer),
        "demur": whose(answer),
    }


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
    }


def _stream(turn: voice.Turn, head: dict[str, Any], usage: bool) -> StreamingHttpResponse:
    events = Events(turn, head, usage)
    response = StreamingHttpResponse(events, content_type="text/event-stream; charset=utf-8")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # nginx: pass each event on as it comes
    return response


class Events:
    """The chunks of a streamed answer. Django closes it when a client leaves, freeing the turn."""

    def __init__(self, turn: voice.Turn, head: dict[str, Any], usage: bool) -> None:
        self._turn = turn
        self._head = {**head, "object": "chat.completion.chunk"} | (
            {"usage": None} if usage else {}
        )
        self._usage = usage
        self._said: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        yield self._choice({"role": "assistant", "content": ""})
        try:
            for piece in self._turn:
                self._said.append(piece)
                yield self._choice({"content": piece})
            answer = _answer_of(self._turn)
        except (Refusal, DatabaseError):
            # The status is sent already: OpenAI's clients raise on an error event.
            yield _event(_detail(503, "The answer stopped; ask again.", code="interrupted"))
            return
        yield self._choice({}, FINISH[answer.finish], {"demur": whose(answer)})
        if self._usage:
            yield _event({**self._head, "choices": [], "usage": _usage(answer)})
        yield b"data: [DONE]\n\n"

    def close(self) -> None:
        """Whatever was said by now was read: it is logged, also when the answer broke off."""
        self._turn.close()
        said, self._said = "".join(self._said), []
        answer = self._turn.answer
        model = None if answer is None else answer.model or ""
        answers.log(said, surface="api", model=model, now=datetime.now(UTC))

    def _choice(
        self, delta: dict[str, Any], finish: str | None = None, more: dict[str, Any] | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**self._head, "choices": [choice], **(more or {})})


def _event(value: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def _answer_of(turn: voice.Turn) -> Answer:
    if turn.answer is None:
        raise StandingUnreadable("The answer broke off before its end; ask again.")
    return turn.answer


def _usage(answer: Answer) -> dict[str, int]:
    asked, said = answer.tokens_in, answer.tokens_out
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": "community"}


def _now() -> int:
    return int(datetime.now(UTC).timestamp())


# ---- refusals, in OpenAI's shape ----


def _detail(
    status: int, message: str, *, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _problem(
    status: int, message: str, *, param: str | None = None, code: str | None = None
) -> JsonResponse:
    return JsonResponse(_detail(status, message, param=param, code=code), status=status)


def _no_such_model(name: str) -> JsonResponse:
    message = f"There is no model {name[:80]!r} here; the one there is, is {MODEL!r}."
    return _problem(404, message, param="model", code="model_not_found")


def _refuse(
    request: HttpRequest,
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
) -> HttpResponse:
    """In the shape of the protocol that was spoken to."""
    if request.path.startswith(drp.PATHS):
        return drp.wrong(status, message)
    return _problem(status, message, param=param, code=code)


@api.exception_handler(AuthenticationError)
def _no_key(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    message = "This key is missing, unknown or expired; ask the operator of this site for one."
    response = _refuse(request, 401, message, code="invalid_api_key")
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """One sentence about the first mistake; what was sent is not repeated."""
    first = error.errors[0]
    where = [str(part) for part in first.get("loc", ())[2:]]
    field = where[0] if where else None
    return _refuse(request, 400, _sentence(first, where), param=field)


def _sentence(error: dict[str, Any], where: list[str]) -> str:
    name = ".".join(where) or "the request"
    if error.get("type") in ("none_required", "literal_error") and name in UNSUPPORTED:
        return f"`{name}` is not supported here; leave it out."
    return f"`{name}`: {error.get('msg', 'not valid')}. Correct it and send the request again."


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _refuse(
        request, error.status_code, "The body is not the JSON that was expected; correct it."
    )


@api.exception_handler(RequestDataTooBig)
def _too_big(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return _refuse(request, 413, str(error) or TOO_BIG)


@api.exception_handler(Refusal)
def _refused(request: HttpRequest, error: Refusal) -> HttpResponse:
    if isinstance(error, voice.NotNow | StandingUnreadable | SiteUnusable):
        response = _refuse(request, 503, str(error), code="unavailable")
        response["Retry-After"] = "5"
        return response
    return _refuse(request, 400, str(error))


@api.exception_handler(DatabaseError)
def _no_database(request: HttpRequest, error: DatabaseError) -> HttpResponse:
    return _refuse(
        request, 503, "The site cannot read its database; try again.", code="unavailable"
    )
