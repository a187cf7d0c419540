"""Pictures: a picture that somebody posted, shown beside the post that was found."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from demur.assistant.answer import Assistant
from demur.corpus.stored import photo_name
from demur.errors import NotFound
from demur.serving.gate import surface


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    data: bytes = field(repr=False)
    media_type: str


@surface("pictures")
def picture(assistant: Assistant, sha256: str) -> Picture:
    """The picture, where a post that may be found now shows it.

    Raises NotFound otherwise, and StandingUnreadable: then nobody's pictures are shown.
    """
    found = assistant.heard().picture(sha256) if _NAME.fullmatch(sha256) else None
    if found is not None:
        shard, photo = found
        path = assistant.lake / "photos" / f"shard={shard:04d}" / photo_name(photo)
        try:
            return Picture(data=path.read_bytes(), media_type=photo.media_type)
        except FileNotFoundError:  # its owner has erased it since
            pass
    raise NotFound("There is no such picture here; search again for what may be shown now.")


_NAME = re.compile(r"[0-9a-f]{64}")
