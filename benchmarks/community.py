"""A real community as the operator's neutral format: 30,358 openly licensed posts, 1,364 authors.

    python benchmarks/community.py ../shared/data/community FOLDER

writes FOLDER/accounts.jsonl, FOLDER/posts.jsonl and FOLDER/images, to be taken in with
`demur import FOLDER`. Country, age, locks, linked accounts and audiences in that data were made
up by a hash (its `assigned` field says which); texts, pictures and authors are real.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KINDS = {"post": "post", "question": "post", "photo": "photo"}
# An age band needs the day on which it was known: grown-ups before their oldest post, children now.
BANDS = {"18_plus": ("18_plus", "2000-01-01"), "under_18": ("13_17", "2026-01-01")}


def account_id(author: str) -> str:
    """Some authors of the source have no name, and one is spelled in two ways: each is one."""
    author = unicodedata.normalize("NFC", author.strip())
    return author + "nameless" if author.endswith(":") else author


def accounts(source: Path) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for line in (source / "authors.jsonl").open(encoding="utf-8"):
        author = json.loads(line)
        if account_id(author["author"]) in seen:
            continue
        seen.add(account_id(author["author"]))
        band, known_on = BANDS[author["age_band"]]
        mailbox = hashlib.sha256(author["author"].encode()).hexdigest()[:12]
        yield {
            "id": account_id(author["author"]),
            "name": author["author_name"],
            "email": f"{mailbox}@community.example",
            "age_band": band,
            "age_known_on": known_on,
            "country": author["country"],
            "language": "nl"
            if author["langs"].get("nl", 0) > author["langs"].get("en", 0)
            else "en",
            "locked": author["profile_visibility"] == "locked",
            "linked_to": [account_id(other) for other in author["linked_to"]],
        }


def posts(source: Path) -> Iterator[dict[str, Any]]:
    written = dict(_written(source))
    for line in (source / "posts.jsonl").open(encoding="utf-8"):
        post = json.loads(line)
        earlier = [other for other in post["parallel"] if written[other] < post["created_at"]]
        audience = post["audience"]
        photos = [{"file": post["image"], "alt": post["image_alt"] or ""}] if post["image"] else []
        yield {
            "id": post["post_id"],
            "account": account_id(post["author"]),
            "kind": KINDS[post["kind"]],
            "audience": audience,
            "group": "A group" if audience.endswith("group") else None,
            "created_at": post["created_at"],
            "text": post["text"] or "",
            "lang": post["lang"],
            "reply_to": post["reply_to"],
            "translation_of": min(earlier, key=written.__getitem__, default=None),
            "photos": photos,
            "attribution": f"{post['attribution']} ({post['licence']})",
        }


def _written(source: Path) -> Iterator[tuple[str, str]]:
    """When each post was written: of two that say the same, the later is the translation."""
    for line in (source / "posts.jsonl").open(encoding="utf-8"):
        post = json.loads(line)
        yield post["post_id"], post["created_at"]


def write(source: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (("accounts", accounts(source)), ("posts", posts(source))):
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    shutil.copytree(source / "images", folder / "images", dirs_exist_ok=True)


if __name__ == "__main__":
    if len(sys.argv) != 3 or not (Path(sys.argv[1]) / "posts.jsonl").is_file():
        sys.exit("usage: python benchmarks/community.py COMMUNITY_FOLDER FOLDER_TO_WRITE")
    write(Path(sys.argv[1]), Path(sys.argv[2]))
