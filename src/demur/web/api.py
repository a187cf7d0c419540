"""The assistant for programs: OpenAI's API, spoken exactly, with whose words they are.

Any OpenAI client works unchanged. Here are the models, and how every refusal is said; the doors
themselves are `completions`, `embeddings` and `drawings`. Parameters that would change the shape
of the answer and are not supported are refused; mere hints for sampling are ignored.
"""

from __future__ import annotations

from typing import Any, Literal

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError

from demur.errors import Refusal, SiteUnusable, StandingUnreadable
from demur.web import completions, drawings, drp, embeddings, voice
from demur.web.bearer import TOO_BIG, Bearer, MissingScope
from demur.web.limits import TooMany
from demur.web.problems import PROBLEMS, no_such_model, problem
from demur.web.wire import UNSUPPORTED

MODELS = (completions.MODEL, embeddings.MODEL, drawings.MODEL)


class Model(Schema):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class Models(Schema):
    object: Literal["list"]
    data: list[Model]


api = NinjaAPI(title="Demur", version="1", auth=Bearer(), docs_url=None, urls_namespace="v1")
api.add_router("", completions.router)
api.add_router("", embeddings.router)
api.add_router("", drawings.router)
api.add_router("", drp.router)


@api.get("/models", response={200: Models, **PROBLEMS}, tags=["models"])
def models(request: HttpRequest) -> dict[str, Any]:
    """What can be asked: the assistant behind its gate, what texts mean, and pictures."""
    return {"object": "list", "data": [_model(name) for name in MODELS]}


@api.get("/models/{name}", response={200: Model, **PROBLEMS}, tags=["models"])
def model(request: HttpRequest, name: str) -> Any:
    return _model(name) if name in MODELS else no_such_model(name, MODELS)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "community"}


# ---- refusals, in OpenAI's shape ----


def _refuse(
    request: HttpRequest,
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    kind: str | None = None,
) -> HttpResponse:
    """In the shape of the protocol that was spoken to."""
    if request.path.startswith(drp.PATHS):
        return drp.wrong(status, message)
    return problem(status, message, param=param, code=code, kind=kind)


@api.exception_handler(AuthenticationError)
def _no_key(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    message = "This key is missing, unknown or expired; ask the operator of this site for one."
    response = _refuse(request, 401, message, code="invalid_api_key")
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(MissingScope)
def _not_for_this(request: HttpRequest, error: MissingScope) -> HttpResponse:
    response = _refuse(request, 401, str(error), code="missing_scope")
    response["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'
    return response


@api.exception_handler(TooMany)
def _too_many(request: HttpRequest, error: TooMany) -> HttpResponse:
    response = _refuse(request, 429, str(error), code="rate_limit_exceeded", kind=error.kind)
    response["Retry-After"] = str(error.wait)
    for name, value in error.left.headers().items():
        response[name] = value
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
    plain_only = error.get("type") in ("none_required", "literal_error", "too_long")
    if plain_only and name in UNSUPPORTED:
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
