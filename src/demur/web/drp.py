"""The Data Rights Protocol 1.0: where registered agents ask for people, and see what became of it.

Bodies are signed JSON in base64, as `text/plain`; answers are DRP's status objects, errors its
`code` and `message`. What an agent may not see is as absent as what does not exist. Our extension
is `exercise: objection:train-ai` (docs/drp.md). No status is pushed to anybody: agents ask.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router, Schema
from ninja.security import HttpBearer
from pydantic import ConfigDict, Field

from demur.errors import NotFound, ProofRejected, Refusal
from demur.rights import agents, decisions, models

PATHS = ("/v1/data-rights-request", "/v1/agent")
MAX_BODY = 64 * 1024  # bytes: a request is a page at most
DETAILS = {
    "open": "Nothing of this person is used while the request is decided.",
    "in_progress": "Nothing of this person is used while the request is decided.",
    "fulfilled": "Nothing of this person is used; what learned from them is trained again.",
    "revoked": "The request was taken back.",
    "expired": "Nobody said who had asked; send it again with an e-mail address.",
}


class Status(Schema):
    """DRP 3.03, Exercise Status."""

    request_id: str
    received_at: str
    expected_by: str
    processing_details: str
    status: str
    reason: str | None = None


class Wrong(Schema):
    """DRP 3.06, Error States."""

    code: str
    message: str
    fatal: bool = False


class Token(Schema):
    model_config = ConfigDict(populate_by_name=True)
    agent_id: str = Field(alias="agent-id")
    token: str


class Nothing(Schema):
    """An empty object: the token is good."""


class Bearer(HttpBearer):
    """`Authorization: Bearer …`, with the token that `POST /v1/agent/{id}` gave."""

    def authenticate(self, request: HttpRequest, token: str) -> models.Agent | None:
        return agents.by_token(token)


SIGNED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "Base64 of an Ed25519 signature and the JSON it signs.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}
REFUSED = dict.fromkeys((400, 401, 403, 404, 413, 429, 503), Wrong)

router = Router(tags=["Data Rights Protocol 1.0"])


@router.post(
    "/data-rights-request",
    response={200: Status, **REFUSED},
    exclude_none=True,
    auth=Bearer(),
    openapi_extra=SIGNED,
)
def exercise(request: HttpRequest) -> Any:
    """A right is exercised for somebody: they are fenced before this answers."""
    agent, now = _agent(request), _now()
    try:
        message, said = agents.opened(agent, _body(request))
        asked = agents.read(message, agents.meant_for_us(agent, said, now))
        return status(agents.ask(agent, asked, now=now))
    except agents.TooMany as refusal:
        return wrong(429, refusal)
    except ProofRejected as refusal:
        return wrong(403, refusal, fatal=True)
    except Refusal as refusal:
        return wrong(400, refusal)


@router.get(
    "/data-rights-request/{request_id}",
    response={200: Status, **REFUSED},
    exclude_none=True,
    auth=Bearer(),
)
def look(request: HttpRequest, request_id: UUID) -> Any:
    """What became of a request."""
    found = _found(request, request_id)
    return status(found) if found else _not_theirs()


@router.delete(
    "/data-rights-request/{request_id}",
    response={200: Status, **REFUSED},
    exclude_none=True,
    auth=Bearer(),
    openapi_extra=SIGNED,
)
def take_back(request: HttpRequest, request_id: UUID) -> Any:
    """Its person does not want it any more. What is granted already, they alone take back."""
    found = _found(request, request_id)
    if found is None:
        return _not_theirs()
    try:
        agents.opened(_agent(request), _body(request))
        return status(decisions.revoke(found, now=_now()))
    except ProofRejected as refusal:
        return wrong(403, refusal)
    except Refusal as refusal:
        return wrong(400, refusal)


@router.post(
    "/agent/{agent_id}",
    response={200: Token, 403: None, 413: Wrong, 503: Wrong},
    auth=None,
    by_alias=True,
    openapi_extra=SIGNED,
)
def meet(request: HttpRequest, agent_id: str) -> Any:
    """A new token for whoever signs with the agent's key. Else 403 without a word (DRP 2.05.1)."""
    try:
        agent = agents.get(agent_id)
        _, said = agents.opened(agent, _body(request))
        agents.meant_for_us(agent, said, _now())
    except (NotFound, ProofRejected):
        return HttpResponse(status=403)
    return JsonResponse({"agent-id": agent.pk, "token": agents.give_token(agent)})


@router.get("/agent/{agent_id}", response={200: Nothing, **REFUSED}, auth=Bearer())
def know(request: HttpRequest, agent_id: str) -> Any:
    """Is this token still good for this agent?"""
    return {} if _agent(request).pk == agent_id else _not_theirs()


def status(request: models.Request) -> dict[str, Any]:
    """A request in the words of DRP 3.03; nothing in it says whether we knew the person."""
    said = {
        "request_id": str(request.pk),
        "received_at": request.opened_at.isoformat(timespec="seconds"),
        "expected_by": request.due.isoformat(),
        "processing_details": request.said or DETAILS.get(request.state, ""),
        "status": request.state,
    }
    return said | ({"reason": request.reason} if request.reason else {})


def wrong(code: int, refusal: Refusal | str, *, fatal: bool = False) -> HttpResponse:
    """DRP 3.06."""
    return JsonResponse({"code": str(code), "message": str(refusal), "fatal": fatal}, status=code)


def _not_theirs() -> HttpResponse:
    return wrong(403, "This token opens no such thing; use the token of the agent that asked.")


def _found(request: HttpRequest, request_id: UUID) -> models.Request | None:
    rows = models.Request.objects.select_related("person", "agent")
    return rows.filter(pk=request_id, agent=_agent(request)).first()


def _agent(request: HttpRequest) -> models.Agent:
    agent = getattr(request, "auth", None)  # where ninja puts what Bearer answered
    assert isinstance(agent, models.Agent)
    return agent


def _body(request: HttpRequest) -> bytes:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > MAX_BODY:
        raise RequestDataTooBig(f"A request holds at most {MAX_BODY:,} bytes.")
    return request.body


def _now() -> datetime:
    return datetime.now(UTC)
