"""The engine on vLLM: a cluster computes and chooses, and is asked for one chunk after another.

vLLM's OpenAI-compatible server has the base, is given the merged adapter at run time, and takes
the last one out again. Between every two chunks the gate is asked; when it says no, the request is
closed and what had come is dropped. The counts do not speak here: vLLM hands over no probabilities
to lay them over. Nothing is ever sent anywhere but to the address in the site's settings.

Written against vLLM's `CompletionRequest` and its LoRA endpoints (vllm/entrypoints/openai,
commit 002032ee2b18; docs.vllm.ai, v0.18, "LoRA Adapters").
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from demur.errors import NotFound, SiteUnusable
from demur.serving.as_peft import write_adapter
from demur.serving.engine import (
    TRIES,
    WEARINESS,
    Engine,
    Finish,
    Over,
    Refuses,
    Setting,
    says_again,
    stops,
)
from demur.serving.merge import Merged
from demur.training.base import BaseModel
from demur.training.recipe import Recipe

PATIENCE = 30.0  # seconds without a word after which the server counts as away
NEVER = -100.0  # the logit bias that OpenAI's format has for "not this one"


def open_vllm(base: BaseModel, recipe: Recipe | None, setting: Setting) -> Engine:
    """A base model that speaks elsewhere. Asks for nothing yet.

    Raises SiteUnusable where the address is not one of http or https.
    """
    return Vllm(base, recipe, server=setting.server, key=setting.key)


class Vllm:
    """An Engine. `over` is not asked: see above."""

    def __init__(self, base: BaseModel, recipe: Recipe | None, *, server: str, key: str) -> None:
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SiteUnusable(
                f"{server!r} is no address of a vLLM server; write one such as "
                '"http://10.0.0.5:8000" at `server` under [model].'
            )
        self._server, self._parts, self._key = server, parts, key
        self._base, self._recipe = base, recipe
        self._stops = stops(base)
        self._lock = Lock()
        self._model = ""  # what the server calls the base
        self._using: dict[str, int] = {}  # digest of a loaded adapter -> who speaks with it
        self._wanted: str | None = None

    def stream(
        self,
        prompt: Sequence[int],
        *,
        adapter: Merged | None,
        over: Over | None,
        still: Callable[[], bool],
        refuses: Refuses | None = None,
        max_tokens: int,
        temperature: float,
        top_k: int,
        top_p: float,
        seed: int,
    ) -> Generator[int, None, Finish]:
        """See Engine.stream. The same seed gives the same answer as far as vLLM's does."""
        if not still():
            return "standing-changed"
        said: list[int] = []
        banned: list[int] = []  # what may not be said next
        with self._lent(adapter) as model:
            while len(said) < max_tokens and len(banned) < TRIES:
                wish = {
                    "model": model,
                    "prompt": [*prompt, *said],
                    "max_tokens": 1 if banned else max_tokens - len(said),
                    "temperature": max(0.0, temperature),
                    "top_k": top_k,
                    "top_p": top_p,
                    "seed": (seed + len(said)) % 2**63,
                    "frequency_penalty": math.log(WEARINESS),  # the same as in engine.weary
                    "logit_bias": {str(token): NEVER for token in banned},
                }
                before = len(said), len(banned)
                with closing(self._complete(wish)) as tokens:
                    for token in tokens:
                        if not still():
                            return "standing-changed"
                        if token in self._stops:
                            return "stop"
                        if says_again(said, token) or (refuses and refuses([*said, token])):
                            banned.append(token)
                            break
                        banned.clear()
                        said.append(token)
                        yield token
                        if not still():
                            return "standing-changed"
                if (len(said), len(banned)) == before:
                    return "stop"  # it has nothing more to say
        return "length" if len(said) >= max_tokens else "stop"

    def close(self) -> None:
        """Take every adapter of ours out of the server; it may be away."""
        with self._lock:
            for digest in [digest for digest, readers in self._using.items() if not readers]:
                self._take_out(digest)

    @contextmanager
    def _lent(self, adapter: Merged | None) -> Iterator[str]:
        """The name under which the server has this adapter, or the base's."""
        digest = adapter.digest if adapter and adapter.halves and self._recipe else None
        with self._lock:
            self._wanted = digest
            if not self._model:
                self._model = self._find_base()
            self._sweep()
            if digest is not None:
                self._put_in(digest, adapter)
                self._using[digest] += 1
        try:
            yield _name(digest) if digest else self._model
        finally:
            if digest is not None:
                with self._lock:
                    self._using[digest] -= 1
                    self._sweep()

    def _sweep(self) -> None:
        """What nobody speaks with and nobody wanted last may not stay where it is."""
        for digest, readers in list(self._using.items()):
            if not readers and digest != self._wanted:
                self._take_out(digest)

    def _put_in(self, digest: str, adapter: Merged | None) -> None:
        """Hand the adapter over in a folder that is gone as soon as the server has read it."""
        served = {str(card["id"]) for card in self._cards()}
        if _name(digest) not in served:
            assert adapter is not None and self._recipe is not None
            with tempfile.TemporaryDirectory(prefix="lent-", dir=self._base.path.parent) as folder:
                write_adapter(self._base, self._recipe, adapter, Path(folder))
                self._post(
                    "/v1/load_lora_adapter", {"lora_name": _name(digest), "lora_path": folder}
                )
        self._using.setdefault(digest, 0)

    def _take_out(self, digest: str) -> None:
        del self._using[digest]
        try:
            self._post("/v1/unload_lora_adapter", {"lora_name": _name(digest)})
        except (NotFound, SiteUnusable):
            return  # started anew, or away: what it has is looked at before it is used again

    def _find_base(self) -> str:
        """The served model that is this base: by the folder it was read from, or its name."""
        mark = self._base.path.name
        for card in self._cards():
            if mark in str(card.get("root")) or mark in str(card["id"]):
                return str(card["id"])
        raise SiteUnusable(
            f"The vLLM server at {self._server} does not serve this site's base; start it with "
            f"`vllm serve {self._base.path} --enable-lora`, or with that folder's name as "
            "--served-model-name."
        )

    def _cards(self) -> Sequence[Mapping[str, Any]]:
        with self._asking("GET", "/v1/models", None) as response:
            cards: Sequence[Mapping[str, Any]] = json.loads(response.read())["data"]
        return cards

    def _post(self, path: str, fields: Mapping[str, Any]) -> None:
        with self._asking("POST", path, fields) as response:
            response.read()

    def _complete(self, wish: Mapping[str, Any]) -> Generator[int, None, None]:
        """Tokens as they come, a stop where the model stopped. Closing this closes the line."""
        fields = {
            **wish,
            "stop_token_ids": sorted(self._stops),
            "add_special_tokens": False,
            "return_token_ids": True,
            "stream": True,
        }
        with self._asking("POST", "/v1/completions", fields) as response:
            for line in response:
                event = line.removeprefix(b"data:").strip()
                if not line.startswith(b"data:") or event == b"[DONE]":
                    continue
                said = json.loads(event)
                if "choices" not in said:
                    raise _refused(self._server, 500, event)
                for choice in said["choices"]:
                    yield from choice.get("token_ids") or ()
                    if choice.get("finish_reason") == "stop":
                        yield self._base.separator

    @contextmanager
    def _asking(
        self, method: str, path: str, fields: Mapping[str, Any] | None
    ) -> Iterator[HTTPResponse]:
        """One request; the line is closed behind it, and vLLM stops computing what nobody reads."""
        kind = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
        line = kind(self._parts.hostname or "", self._parts.port, timeout=PATIENCE)
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        body = None if fields is None else json.dumps(fields).encode()
        try:
            try:
                line.request(method, self._parts.path.rstrip("/") + path, body, headers)
                with line.getresponse() as response:
                    if response.status != 200:
                        raise _refused(self._server, response.status, response.read(2000))
                    yield response
            except (OSError, HTTPException, ValueError, KeyError) as error:
                raise NotFound(
                    f"The vLLM server at {self._server} does not answer as it should ({error!r}); "
                    "ask again when it is back."
                ) from error
        finally:
            line.close()


def _name(digest: str) -> str:
    return f"demur-{digest[:32]}"


def _refused(server: str, status: int, body: bytes) -> NotFound | SiteUnusable:
    says = body.decode("utf-8", "replace")[:300]
    if status in (401, 403):
        return SiteUnusable(
            f"The vLLM server at {server} wants another key; put it in keys/vllm.key."
        )
    return NotFound(f"The vLLM server at {server} refuses ({status}: {says}); look into its log.")
