"""Pictures for programs: OpenAI's images/generations, as base64 in the answer.

No picture is kept here, so none has an address. What was drawn, and by what, is said beside it.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from demur.web import voice
from demur.web.bearer import Bearer
from demur.web.limits import Caller
from demur.web.problems import PROBLEMS, no_such_model, problem

if TYPE_CHECKING:
    from demur.assistant.images import Drawing

MODEL = "demur-image"
PICTURE = 500  # tokens that a picture counts as, so that one limit holds for everything

router = Router(tags=["images"], auth=Bearer("images"))


class ImageRequest(Schema):
    prompt: str = Field(min_length=1, max_length=1000)
    model: str | None = MODEL
    size: Literal["256x256", "512x512", "1024x1024", "auto"] | None = "512x512"
    # The only values of these that we can honour; anything else is refused, not misunderstood.
    n: Literal[1] | None = 1
    response_format: Literal["b64_json"] | None = "b64_json"
    output_format: Literal["png"] | None = "png"
    background: Literal["auto", "opaque"] | None = "auto"
    stream: Literal[False] | None = False


class Picture(Schema):
    b64_json: str
    revised_prompt: str


class Drew(Schema):
    """What drew it, from which parts, and which shards' adapters drew along.

    note: what was asked and is not in it.
    """

    drew: str
    parts: list[str]
    note: str
    shards: list[int]
    language: str


class Pictures(Schema):
    created: int
    data: list[Picture]
    size: str
    output_format: Literal["png"]
    demur: Drew


@router.post("/images/generations", response={200: Pictures, **PROBLEMS})
def generations(request: HttpRequest, asked: ImageRequest) -> Any:
    """A square picture of what is described, in English or Dutch."""
    if asked.model not in (MODEL, None):
        return no_such_model(asked.model or "", [MODEL])
    size = "512x512" if asked.size in ("auto", None) else str(asked.size)
    caller: Caller = request.auth  # type: ignore[attr-defined]
    caller.reserve(PICTURE)
    spent = 0
    try:
        drawn = voice.draw(asked.prompt, size=int(size.partition("x")[0]))
        spent = PICTURE if drawn.png else 0
    finally:
        caller.settle(spent)
    if not drawn.png:
        said = drawn.declined or "This cannot be drawn here; describe something else."
        return problem(400, said, param="prompt", code="content_policy_violation")
    return {
        "created": int(datetime.now(UTC).timestamp()),
        "data": [
            {
                "b64_json": base64.b64encode(drawn.png).decode(),
                "revised_prompt": _revised(asked.prompt, drawn),
            }
        ],
        "size": size,
        "output_format": "png",
        "demur": {
            "drew": drawn.drew,
            "parts": list(drawn.parts),
            "note": drawn.note,
            "shards": list(drawn.shards),
            "language": drawn.language,
        },
    }


def _revised(prompt: str, drawn: Drawing) -> str:
    """What was drawn, where it is composed: from which parts, and what is not in it."""
    said = f"{drawn.drew}: {', '.join(drawn.parts)}." if drawn.parts else prompt
    return f"{said} {drawn.note}".strip()
