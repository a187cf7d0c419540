"""An honest double of vLLM's HTTP server, over a real socket, with the tiny base behind it.

It is not vLLM: one token after another on torch, no batching. It has the endpoints Demur uses and
checks what the real one checks, by vLLM's own source (vllm/entrypoints/openai, commit 002032ee:
CompletionRequest, OpenAIServingModels) and documentation (v0.18, "LoRA Adapters"): the names and
kinds of fields, that a model exists, that an adapter is loaded once and its files are whole. What
vLLM would quietly ignore, a field it does not know, is refused here.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file

from demur.training.base import BaseModel
from demur.training.student import load

FIELDS: dict[str, type | tuple[type, ...]] = {
    "model": str,
    "prompt": list,
    "max_tokens": int,
    "temperature": (int, float),
    "top_k": int,
    "top_p": (int, float),
    "seed": int,
    "frequency_penalty": (int, float),
    "logit_bias": dict,
    "stop_token_ids": list,
    "add_special_tokens": bool,
    "return_token_ids": bool,
    "stream": bool,
}
DEFAULT_MAX_LORA_RANK = 16


class PretendVllm:
    """`asked` is every request, `served` every token computed, `pause` holds it between two."""

    def __init__(self, base: BaseModel, name: str) -> None:
        self._base, self.name = base, name
        self.model = load(base)
        self.loras: dict[str, tuple[Path, dict[str, Any]]] = {}
        self.loaded: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.served: list[int] = []
        self.hung_up = threading.Event()
        self.going_on = threading.Event()
        self.going_on.set()
        self.chunk = 1  # tokens in one event
        self.key = ""
        self.address = ""

    def cards(self) -> dict[str, Any]:
        base = {"id": self.name, "object": "model", "root": str(self._base.path), "parent": None}
        loras = [
            {"id": name, "object": "model", "root": str(path), "parent": self.name}
            for name, (path, _) in self.loras.items()
        ]
        return {"object": "list", "data": [base, *loras]}

    def load_lora(self, asked: dict[str, Any]) -> tuple[int, str]:
        name, path = asked.get("lora_name", ""), Path(asked.get("lora_path", ""))
        if name in self.loras:
            return 400, f"The lora adapter '{name}' has already been loaded."
        if not (path / "adapter_config.json").is_file():
            return 404, f"The lora adapter '{name}' cannot be found at '{path}'."
        config = json.loads((path / "adapter_config.json").read_text())
        if config["r"] > DEFAULT_MAX_LORA_RANK or config["bias"] != "none":
            return 500, "LoRA rank is greater than max_lora_rank."
        tensors = load_file(path / "adapter_model.safetensors")
        scale = config["lora_alpha"] / config["r"]
        added = {}
        for key, low in tensors.items():
            place, _, half = key.removeprefix("base_model.model.").rpartition(".lora_")
            if half == "A.weight":
                assert place.rpartition(".")[2] in config["target_modules"]
                added[place] = torch.from_numpy(
                    scale * tensors[f"base_model.model.{place}.lora_B.weight"] @ low
                )
        self.loras[name] = (path, added)
        self.loaded.append(name)
        return 200, f"Success: LoRA adapter '{name}' added successfully."

    def unload_lora(self, asked: dict[str, Any]) -> tuple[int, str]:
        if asked.get("lora_name") not in self.loras:
            return 404, f"The lora adapter '{asked.get('lora_name')}' cannot be found."
        del self.loras[asked["lora_name"]]
        return 200, f"Success: LoRA adapter '{asked['lora_name']}' removed successfully."

    def wrong(self, asked: dict[str, Any]) -> tuple[int, str] | None:
        for field, value in asked.items():
            if field not in FIELDS or not isinstance(value, FIELDS[field]):
                return 400, f"{field}: {value!r} is not what CompletionRequest has"
        if not all(isinstance(token, int) and token >= 0 for token in asked["prompt"]):
            return 400, "prompt: a list of token ids"
        if not -(2**63) <= asked["seed"] < 2**63 or asked["max_tokens"] < 1:
            return 400, "seed or max_tokens out of range"
        if not all(isinstance(key, str) and key.isdigit() for key in asked["logit_bias"]):
            return 400, "logit_bias: tokens as strings"
        if asked["model"] not in (self.name, *self.loras):
            return 404, f"The model `{asked['model']}` does not exist."
        return None

    def tokens(self, asked: dict[str, Any]) -> Iterator[tuple[list[int], str | None]]:
        """Chunks as vLLM streams them, and why the last one is the last."""
        said: list[int] = []
        waiting: list[int] = []
        dice = np.random.default_rng(asked["seed"] % 2**63)
        while True:
            self.going_on.wait(20)
            token = self._next(asked, said, dice)
            self.served.append(token)
            said.append(token)
            waiting.append(token)
            why = "stop" if token in asked["stop_token_ids"] else None
            why = why or ("length" if len(said) >= asked["max_tokens"] else None)
            if why or len(waiting) >= self.chunk:
                yield waiting, why
                waiting = []
            if why:
                return

    @torch.inference_mode()
    def _next(self, asked: dict[str, Any], said: Sequence[int], dice: np.random.Generator) -> int:
        with self._carrying(asked["model"]):
            read = torch.tensor([[*asked["prompt"], *said]])
            logits = self.model(input_ids=read, use_cache=False, logits_to_keep=1).logits[0, -1]
        scores = logits.numpy().astype(np.float64)
        for token in said:
            scores[token] -= asked["frequency_penalty"]
        for token, bias in asked["logit_bias"].items():
            scores[int(token)] += bias
        if asked["temperature"] == 0:
            return int(scores.argmax())
        likely = np.argsort(-scores)[: asked["top_k"]]
        p = np.exp((scores[likely] - scores.max()) / asked["temperature"])
        return int(dice.choice(likely, p=p / p.sum()))

    @contextmanager
    def _carrying(self, name: str) -> Iterator[None]:
        """W + scale · B A, in the weights themselves: the other way to add an adapter."""
        added = self.loras[name][1] if name in self.loras else {}
        for place, more in added.items():
            self.model.get_submodule(place).weight += more
        try:
            yield
        finally:
            for place, more in added.items():
                self.model.get_submodule(place).weight -= more


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    double: PretendVllm

    def log_message(self, *_: Any) -> None: ...

    def _answer(self, status: int, said: Any) -> None:
        body = (said if isinstance(said, str) else json.dumps(said)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: int, message: str) -> None:
        self._answer(status, {"error": {"message": message, "type": "x", "code": status}})

    def _knows_us(self) -> bool:
        key = self.double.key
        if key and self.headers.get("Authorization") != f"Bearer {key}":
            self._answer(401, {"error": "Unauthorized"})
            return False
        return True

    def do_GET(self) -> None:
        if self._knows_us():
            known = self.path == "/v1/models"
            self._answer(200, self.double.cards()) if known else self._refuse(404, "Not Found")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._knows_us():
            return
        asked = json.loads(body)
        lora = {
            "/v1/load_lora_adapter": self.double.load_lora,
            "/v1/unload_lora_adapter": self.double.unload_lora,
        }.get(self.path)
        if lora is not None:
            status, says = lora(asked)
            self._answer(200, says) if status == 200 else self._refuse(status, says)
        elif self.path == "/v1/completions":
            self.double.asked.append(asked)
            if wrong := self.double.wrong(asked):
                self._refuse(*wrong)
            else:
                self._stream(asked)
        else:
            self._refuse(404, "Not Found")

    def _stream(self, asked: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for tokens, why in self.double.tokens(asked):
                choice = {
                    "index": 0, "text": "…", "logprobs": None, "finish_reason": why,
                    "stop_reason": None, "token_ids": tokens, "prompt_token_ids": None,
                }  # fmt: skip
                event = {"id": "cmpl-1", "object": "text_completion", "created": 1,
                         "model": asked["model"], "choices": [choice]}  # fmt: skip
                self._event(json.dumps(event))
            self._event("[DONE]")
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.double.hung_up.set()
            self.close_connection = True

    def _event(self, text: str) -> None:
        raw = f"data: {text}\n\n".encode()
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.wfile.flush()


@contextmanager
def serving(base: BaseModel, *, name: str = "") -> Iterator[PretendVllm]:
    """name: what the server calls the base; vLLM's own choice is the folder it was started with."""
    double = PretendVllm(base, name or str(base.path))
    handler = type("Handler", (_Handler,), {"double": double})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    double.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield double
    finally:
        double.going_on.set()
        server.shutdown()
        server.server_close()
