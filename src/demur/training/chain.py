"""The chain of a shard: what it learned, named by everything that made it so.

chain_0 = H(algorithm, recipe, base, profile, order key); chain_k = H(chain_{k-1}, root of slice k),
and an empty slice adds no link. A checkpoint lies under its chain's name, so resuming after a kill,
serving the last clean slice and retraining without somebody are one thing: start from the longest
chain that exists. Nothing here trains.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import rfc8785
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save
from torch.nn import functional

from demur.errors import ProofRejected
from demur.training.exact import exact

ALGORITHM = 1
"""To be raised by whoever changes code in this room so that the bytes change."""


Halves = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a machine's arithmetic depends on. Another profile means other bits (forgetting.md).

    arithmetic: the hash of a small computation's result. It tells apart what no version number
        does: the processor's maker, a library's choice of kernels, an environment variable.
    """

    torch: str
    transformers: str
    tokenizers: str
    safetensors: str
    instructions: str
    arithmetic: str
    threads: int = 1

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in asdict(self).items())


@functools.cache
def profile_here() -> Profile:
    """The profile of this process; about 30 ms, once."""
    return Profile(
        torch=torch.__version__,
        transformers=version("transformers"),
        tokenizers=version("tokenizers"),
        safetensors=version("safetensors"),
        instructions=torch.backends.cpu.get_cpu_capability(),
        arithmetic=_arithmetic(),
    )


def _arithmetic() -> str:
    """Hash the bits of a layer's worth of work, forwards and backwards."""
    stream = hashlib.shake_256(b"demur arithmetic").digest(4 * 576 * 1024)
    unit = np.frombuffer(stream, dtype="<u4").astype(np.float64) / 2**31 - 1.0
    weights = torch.from_numpy(unit.astype(np.float32).reshape(576, 1024))
    with exact():
        x = weights[:256, :576].clone().requires_grad_()
        heads = functional.silu(x).reshape(1, 256, 9, 64).transpose(1, 2)
        mixed = functional.scaled_dot_product_attention(heads, heads, heads, is_causal=True)
        out = mixed.transpose(1, 2).reshape(256, 576) @ weights
        functional.cross_entropy(out, torch.arange(256)).backward()  # type: ignore[no-untyped-call]
        assert x.grad is not None
        parts = [out.detach(), x.grad, torch.sqrt(x.detach().abs()), torch.cos(x.detach())]
    return hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts)).hexdigest()[:16]


def order_key(home_key: bytes) -> bytes:
    """The key that orders rows, derived so that neither it nor the home key can be told apart."""
    return hmac.digest(home_key, b"demur order of rows", hashlib.sha256)


def genesis(recipe: str, base: str, profile: Profile, order: bytes) -> str:
    """The name of having learned nothing yet: 64 hexadecimal digits."""
    beginning: dict[str, Any] = {
        "algorithm": ALGORITHM,
        "recipe": recipe,
        "base": base,
        "profile": asdict(profile),
        "order": hmac.digest(order, b"commitment", hashlib.sha256).hex(),
    }
    return hashlib.sha256(b"demur chain\0" + rfc8785.dumps(beginning)).hexdigest()


def link(previous: str, slice_root: str) -> str:
    """The name of having learned this slice after all that `previous` names."""
    return hashlib.sha256(f"demur link\0{previous}\0{slice_root}".encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """An adapter after a slice: arrays by the adapter's name, each of the shape of its B.

    mean, square: where the optimizer stands, so that the next slice goes on from here.
    """

    chain: str
    steps: int
    learned: Halves
    mean: Halves
    square: Halves


def path_of(models: Path, chain: str) -> Path:
    return models / "slices" / f"{chain[:16]}.safetensors"


def keep(models: Path, checkpoint: Checkpoint) -> str:
    """Write a checkpoint whole or not at all; return the SHA-256 of the file, in hexadecimal.

    The bytes depend on the checkpoint alone: no time, one metadata field, tensors in name order.
    """
    groups = {"b": checkpoint.learned, "m": checkpoint.mean, "v": checkpoint.square}
    tensors = {
        f"{group}.{name}": np.ascontiguousarray(tensor)
        for group, members in groups.items()
        for name, tensor in members.items()
    }
    facts: dict[str, Any] = {
        "v": 1,
        "chain": checkpoint.chain,
        "steps": checkpoint.steps,
        "sum": _sum(tensors),
    }
    raw = save(tensors, metadata={"demur": rfc8785.dumps(facts).decode()})
    put(path_of(models, checkpoint.chain), raw)
    return hashlib.sha256(raw).hexdigest()


def recall(models: Path, chain: str) -> Checkpoint | None:
    """The checkpoint of this chain, or None where there is none.

    Raises ProofRejected for a file that is damaged or is another chain's.
    """
    path = path_of(models, chain)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
        facts: dict[str, Any] = json.loads(header["__metadata__"]["demur"])
        tensors = load(raw)
        sound = facts["chain"] == chain and facts["sum"] == _sum(tensors)
    except (ValueError, KeyError, TypeError, SafetensorError) as error:
        raise _damaged(path) from error
    if not sound:
        raise _damaged(path)
    groups: dict[str, Halves] = {"b": {}, "m": {}, "v": {}}
    for name, tensor in sorted(tensors.items()):
        groups[name[0]][name[2:]] = tensor
    return Checkpoint(
        chain=chain,
        steps=facts["steps"],
        learned=groups["b"],
        mean=groups["m"],
        square=groups["v"],
    )


def digest_of(models: Path, chain: str) -> str | None:
    """The SHA-256 of a checkpoint's file, or None where there is none."""
    try:
        return hashlib.sha256(path_of(models, chain).read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def sweep(models: Path, keeping: set[str]) -> int:
    """Delete every checkpoint whose chain is not among these; return how many went.

    A model that has seen somebody who objected must not lie about longer than it is served.
    Not to be called while a training is under way: it would lose what that one keeps.
    """
    wanted = {path_of(models, chain).name for chain in keeping}
    doomed = [p for p in (models / "slices").glob("*") if p.name not in wanted]
    for path in doomed:
        path.unlink(missing_ok=True)
    return len(doomed)


def put(path: Path, raw: bytes) -> None:
    """Bytes that are there whole after a crash, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with unfinished.open("wb") as stream:
        stream.write(raw)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _sum(tensors: Halves) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + b"\0" + tensors[name].tobytes())
    return digest.hexdigest()


def _damaged(path: Path) -> ProofRejected:
    return ProofRejected(
        f"The checkpoint {path.name} is damaged or is another's; remove it and train again."
    )
