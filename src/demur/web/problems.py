"""Refusals in OpenAI's shape: a sentence, a type, the parameter it is about, a code."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.http import JsonResponse
from ninja import Schema


class Detail(Schema):
    message: str
    type: str
    param: str | None
    code: str | None


class Problem(Schema):
    error: Detail


PROBLEMS = dict.fromkeys((400, 401, 404, 413, 429, 503), Problem)
"""What every door may answer besides its own shape."""


def detail(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    kind: str | None = None,
) -> dict[str, Any]:
    kind = kind or ("server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def problem(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    kind: str | None = None,
) -> JsonResponse:
    return JsonResponse(detail(status, message, param=param, code=code, kind=kind), status=status)


def no_such_model(name: str, there: Collection[str]) -> JsonResponse:
    known = " and ".join(repr(each) for each in there)
    message = f"There is no model {name[:80]!r} here; use {known}."
    return problem(404, message, param="model", code="model_not_found")


def too_long(what: str, limit: str, *, param: str) -> JsonResponse:
    message = f"This is {what}; at most {limit} are read. Send less."
    return problem(400, message, param=param, code="context_length_exceeded")
