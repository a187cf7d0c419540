"""A process for llama.cpp alone: numbers of tokens in, the likeliest next words out.

Run as a script by `engine_llamacpp`, with the settings in one argument and a socket that it was
given. In a process of its own because llama.cpp holds up every thread of Python's while it loads,
and a No may not wait for that; and because whatever it had read is gone when it ends. It ends when
the other end of the socket does. It knows nothing of this project and keeps nothing.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import xllamacpp


def start(settings: Mapping[str, Any]) -> Any:
    """llama.cpp's server, with nobody but this process to serve."""
    params = xllamacpp.CommonParams()
    params.model.path = settings["model"]
    params.n_ctx = settings["context"] * settings["readers"]
    params.n_parallel = settings["readers"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.cpuparams.poll = params.cpuparams_batch.poll = 0  # no spinning between two steps
    params.cache_ram_mib = 0  # conversations that are over are not kept
    params.warmup = False
    params.verbosity = -1
    params.endpoint_slots = params.endpoint_props = False
    if settings["adapter"]:
        lora = xllamacpp.CommonAdapterLoraInfo()
        lora.path, lora.scale = settings["adapter"], 1.0
        params.lora_adapters = [lora]
    with tempfile.TemporaryDirectory(prefix="demur-") as folder:
        # It wants to listen somewhere. Behind it there is no gate, so nobody may reach it: it gets
        # a socket in a folder of ours that is removed at once.
        params.hostnames = [f"{folder}/nobody.sock"]
        return xllamacpp.Server(params)


def likeliest(server: Any, asked: Mapping[str, Any]) -> bytes:
    """For each prompt, float64 [2, named]: words and their log-probabilities; `!` and why not."""
    said = server.handle_completions(
        {
            "prompt": asked["prompts"],
            "n_predict": 1,
            "temperature": 0.0,
            "n_probs": asked["named"],
            "cache_prompt": True,
        }
    )
    if "choices" not in said:
        return b"!" + str(said.get("message") or said).encode()
    rows = []
    for choice in sorted(said["choices"], key=lambda choice: int(choice["index"])):
        named = choice["logprobs"]["content"][0]["top_logprobs"]
        rows.append([[word["id"] for word in named], [word["logprob"] for word in named]])
    return b"." + np.array(rows, np.float64).tobytes()


def main(settings: Mapping[str, Any]) -> None:
    line = Connection(settings["socket"])
    server = start(settings)
    line.send_bytes(b".")
    while True:
        try:
            asked = json.loads(line.recv_bytes())
        except EOFError:
            return
        line.send_bytes(likeliest(server, asked))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
