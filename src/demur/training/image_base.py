"""The image base: a diffusers checkpoint trained by others, that never saw this community.

It stays where its operator put it and is named by the hash of the files that it is made of; that
hash goes into every chain. What could run code when it is opened (a pickle, a script) is refused
before anything is opened, and nothing is ever downloaded. Knows neither torch nor diffusers.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demur.errors import NotFound, SiteUnusable
from demur.training.chain import put

PIPELINES = (
    "StableDiffusionPipeline",
    "PixArtAlphaPipeline",
    "PixArtSigmaPipeline",
    "SanaPipeline",
)
_INDEX = "model_index.json"
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
_WITHOUT_WEIGHTS = ("Scheduler", "Tokenizer", "TokenizerFast", "Processor", "Extractor", "Backend")
_LIBRARIES = ("diffusers", "transformers")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBase:
    path: Path
    hash: str  # 64 hexadecimal digits over every file's name and bytes
    name: str
    pipeline: str  # one of PIPELINES


def install(source: str | Path, models: Path) -> ImageBase:
    """The checkpoint in a folder, known under `models` from now on; nothing is copied.

    It is read whole once, and again when one of its files has another size or time.
    Raises SiteUnusable where it cannot be used, or diffusers is not installed.
    """
    if importlib.util.find_spec("diffusers") is None:
        raise SiteUnusable(
            "`[image] base` is set and diffusers is not installed; install it with "
            "`pip install 'demur[images]'`, or take the setting out."
        )
    folder = Path(source).resolve()
    files = _files(folder)
    stamps = [[name, stat.st_size, stat.st_mtime_ns] for name, stat in _stats(folder, files)]
    for card in sorted((models / "image-base").glob("*.json")):
        said = json.loads(card.read_bytes())
        if (said["path"], said["files"]) == (str(folder), stamps):
            return _read(said)
    said = {
        "v": 1,
        "path": str(folder),
        "files": stamps,
        "hash": _hash(folder, files),
        "name": folder.name,
        "pipeline": _index(folder)["_class_name"],
    }
    put(_card(models, said["hash"]), json.dumps(said, sort_keys=True, indent=1).encode())
    return _read(said)


def open_image_base(models: Path, digest: str) -> ImageBase:
    """The checkpoint of this hash. Raises NotFound where it is not known here, or has gone."""
    try:
        base = _read(json.loads(_card(models, digest).read_bytes()))
    except FileNotFoundError:
        base = None
    if base is None or not (base.path / _INDEX).is_file():
        raise NotFound(
            f"The image base {digest[:16]} is not here; put it back where `[image] base` says and "
            "run `demur train`."
        )
    return base


def check(base: ImageBase) -> None:
    """Read every byte again. Raises SiteUnusable when the files are not those of the hash."""
    if (found := _hash(base.path, _files(base.path))) != base.hash:
        raise SiteUnusable(
            f"The image base's files hash to {found[:16]}, not to {base.hash[:16]}; put back the "
            f"ones that were trained with, or run `demur train`. They lie in {base.path}."
        )


def _files(folder: Path) -> list[Path]:
    """What the checkpoint is made of: its index and all in the folders that the index names."""
    index = _index(folder)
    for path in sorted(_visible(folder)):
        if path.suffix in _PICKLED:
            raise SiteUnusable(
                f"{path.relative_to(folder)} in {folder} is not safetensors and could run code "
                "when it is opened; take it out, or get the checkpoint as safetensors."
            )
        if path.suffix == ".py":
            raise SiteUnusable(
                f"{path.relative_to(folder)} in {folder} is code, and code that comes with a "
                "checkpoint is not run; choose another."
            )
    files = [folder / _INDEX]
    for part, (library, kind) in sorted(_parts(index).items()):
        if library not in _LIBRARIES:
            raise SiteUnusable(
                f"{folder} takes its {part} from {library}, which is code of its own; choose a "
                "checkpoint of diffusers' and transformers' own classes."
            )
        there = sorted(_visible(folder / part)) if (folder / part).is_dir() else []
        if not kind.endswith(_WITHOUT_WEIGHTS) and not any(_is_whole(path) for path in there):
            raise SiteUnusable(
                f"{folder / part} holds no weights as safetensors (a file named `.fp16.` is "
                "another's variant: take that part out of its name); get the whole checkpoint."
            )
        files += there
    return files


def _is_whole(path: Path) -> bool:
    return path.suffix == ".safetensors" and ".fp16." not in path.name


def _index(folder: Path) -> dict[str, Any]:
    try:
        index: dict[str, Any] = json.loads((folder / _INDEX).read_bytes())
        named = str(index["_class_name"])
    except (OSError, ValueError, KeyError, TypeError):
        raise SiteUnusable(
            f"{folder} is not a diffusers checkpoint, it has no readable {_INDEX}; name a folder "
            "as `save_pretrained` writes it under `[image] base`."
        ) from None
    if named not in PIPELINES:
        raise SiteUnusable(
            f"{folder} is a {named}, which Demur cannot teach yet; choose a checkpoint of "
            f"{', '.join(PIPELINES[:-1])} or {PIPELINES[-1]}."
        )
    return index


def _parts(index: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """The parts of a pipeline, with the library and the class that each of them is of."""
    return {
        name: (str(value[0]), str(value[1]))
        for name, value in index.items()
        if isinstance(value, list) and len(value) == 2 and value[0] is not None
    }


def _visible(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            yield path


def _stats(folder: Path, files: list[Path]) -> Iterator[tuple[str, Any]]:
    return ((path.relative_to(folder).as_posix(), path.stat()) for path in files)


def _hash(folder: Path, files: list[Path]) -> str:
    digest = hashlib.sha256(b"demur image base\0")
    for path in files:
        name = path.relative_to(folder).as_posix().encode()
        with path.open("rb") as stream:
            own = hashlib.file_digest(stream, "sha256").digest()
        digest.update(len(name).to_bytes(8, "big") + name + own)
    return digest.hexdigest()


def _card(models: Path, digest: str) -> Path:
    return models / "image-base" / f"{digest[:16]}.json"


def _read(said: dict[str, Any]) -> ImageBase:
    return ImageBase(
        path=Path(said["path"]),
        hash=said["hash"],
        name=said["name"],
        pipeline=said["pipeline"],
    )
