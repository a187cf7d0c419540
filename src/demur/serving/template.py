"""From a conversation to the tokens a base model was taught to expect, and back to text.

What people wrote, in a question or in a retrieved post, is text and stays text: `<|im_end|>` typed
by somebody cannot end their turn and begin the system's. Only the template's own marks are marks.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

from demur.serving.engine import Finish
from demur.training.base import BaseModel

_PLACE = re.compile("\ue000(\\d+)\ue001")
"""Stands for a text while the template is filled in: characters for private use, as no template
has them. What is put in the place afterwards is not looked at again."""


class Template:
    """The chat template of a base model; a base without one gets the texts, one after another."""

    def __init__(self, base: BaseModel) -> None:
        from transformers import AutoTokenizer  # noqa: PLC0415 (2 s to import)

        self._base = base
        self._full: Any = AutoTokenizer.from_pretrained(base.path, local_files_only=True)
        self._marks = Tokenizer.from_file(str(base.path / "tokenizer.json"))
        self._plain = base.tokenizer()

    def ids(self, messages: Sequence[tuple[str, str]]) -> list[int]:
        """Tokens of (role, text) pairs and of the beginning of the assistant's answer."""
        texts = [text for _, text in messages]
        ids: list[int] = []
        for number, piece in enumerate(_PLACE.split(self._filled([role for role, _ in messages]))):
            if number % 2:
                ids += self._plain.encode(texts[int(piece)], add_special_tokens=False).ids
            else:
                ids += self._marks.encode(piece, add_special_tokens=False).ids
        return ids

    def pieces(self, tokens: Generator[int, None, Finish]) -> Generator[str, None, Finish]:
        """Text as it is spoken; a letter whose bytes are not all there yet waits for the rest.

        Returns what `tokens` returns, and closes it when it is closed itself.
        """
        stream = DecodeStream(skip_special_tokens=True)
        with closing(tokens):
            while True:
                try:
                    token = next(tokens)
                except StopIteration as end:
                    finish: Finish = end.value
                    return finish
                if piece := stream.step(self._marks, token):
                    yield piece

    def text(self, tokens: Sequence[int]) -> str:
        """What tokens say; the last letter may lack bytes."""
        return str(self._marks.decode(list(tokens), skip_special_tokens=True))

    def count(self, text: str) -> int:
        """How many tokens a text takes."""
        return len(self._plain.encode(text, add_special_tokens=False).ids)

    def _filled(self, roles: Sequence[str]) -> str:
        places = [f"\ue000{number}\ue001" for number in range(len(roles))]
        if not self._full.chat_template:
            start = str(self._marks.id_to_token(self._base.separator))
            return start + "\n\n".join(places) + "\n\n"
        turns = [{"role": r, "content": place} for r, place in zip(roles, places, strict=True)]
        filled = self._full.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        return str(filled)
