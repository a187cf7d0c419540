"""Embeddings for programs: what a text means, as 384 numbers, from the model that search uses.

Only the asker's own text is looked at, so no gate stands here: nobody's posts are in it. What is
sent is kept nowhere.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from demur.web import voice
from demur.web.bearer import Bearer
from demur.web.limits import Caller
from demur.web.problems import PROBLEMS, no_such_model, too_long

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MODEL = "demur-embed"
TEXTS = 64
CHARACTERS = 1_000  # of a text: what the model is given; a longer one is refused, not cut off

Text = Annotated[str, Field(min_length=1)]

router = Router(tags=["embeddings"], auth=Bearer("embeddings"))


class EmbeddingRequest(Schema):
    """Texts, not tokens: another model's numbers would mean something else here."""

    model: str
    input: Text | Annotated[list[Text], Field(min_length=1, max_length=TEXTS)]
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: None = None


class Embedding(Schema):
    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Spent(Schema):
    prompt_tokens: int
    total_tokens: int


class Embeddings(Schema):
    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: Spent


@router.post("/embeddings", response={200: Embeddings, **PROBLEMS})
def embeddings(request: HttpRequest, asked: EmbeddingRequest) -> Any:
    """One vector a text, of length 1: their products say how near the texts are in meaning."""
    if asked.model != MODEL:
        return no_such_model(asked.model, [MODEL])
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    longest = max(map(len, texts))
    if longest > CHARACTERS:
        limit = f"{CHARACTERS:,} (about 300 tokens) a text"
        return too_long(f"a text of {longest:,} characters", limit, param="input")
    spent = sum(voice.counted(texts))
    caller: Caller = request.auth  # type: ignore[attr-defined]
    caller.reserve(spent)
    try:
        vectors = voice.meaning(texts)
    except BaseException:
        caller.settle(0)
        raise
    caller.settle(spent)
    spell = _base64 if asked.encoding_format == "base64" else _floats
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": spell(vector)}
            for index, vector in enumerate(vectors)
        ],
        "model": MODEL,
        "usage": {"prompt_tokens": spent, "total_tokens": spent},
    }


def _base64(vector: NDArray[np.float32]) -> str:
    """Little-endian floats: what OpenAI's client asks for unless it is told otherwise."""
    return base64.b64encode(vector.astype("<f4").tobytes()).decode()


def _floats(vector: NDArray[np.float32]) -> list[float]:
    return [float(number) for number in vector]
